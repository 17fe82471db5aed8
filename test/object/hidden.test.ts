import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteName, showHidden, showOnOneLine } from '../../src/object/hidden.ts';

test('what nobody sees is shown, whichever way it hides', () => {
  const hidden = [
    '\0',
    '\u001b',
    '\u0085',
    '\u00a0',
    '\u00ad',
    '\u061c',
    '\u115f',
    '\u180e',
    '\u2003',
    '\u200b',
    '\u202e',
  ];
  hidden.push('\u2028', '\u2061', '\u206a', '\u3164', '\ufeff', '\ufff9', '\ud800', '\u{e0041}', '\u{e0100}');
  for (const character of hidden) {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    assert.equal(showHidden(`a${character}b${character}`), `a\\u{${code}}b\\u{${code}}`);
  }
});

test('what everybody sees stays, with line ends and tabs where a text may have several lines', () => {
  const seen = 'Größe 漢字 😀 ⚠\ufe0f ☎\ufe0e \\ " ` <b>';
  assert.equal(showHidden(`${seen}\n\tx`), `${seen}\n\tx`);
  assert.equal(showOnOneLine(`${seen}\n\tx`), `${seen}\\u{a}\\u{9}x`);
});

test('a name for a message stays within its quotes, on its line, and short', () => {
  assert.equal(quoteName('a"b\\c\n::error::d\u001b[2J'), '"a\\"b\\\\c\\u{a}::error::d\\u{1b}[2J"');
  assert.equal(quoteName('x'.repeat(300)), `"${'x'.repeat(200)}…"`);
});
