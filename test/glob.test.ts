import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseGlob } from '../src/glob.ts';

function matches(pattern: string, name: string): boolean {
  const glob = parseGlob(pattern);
  assert.equal(glob.state, 'glob', pattern);
  return glob.state === 'glob' && glob.match(name);
}

test('* stands for any characters, none included, and ? for exactly one', () => {
  const cases: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['*', ['eu', 'us-east-1', '.hidden'], ['']],
    ['us-*', ['us-east', 'us-'], ['us', 'aus-east']],
    ['*-test', ['eu-test', '-test'], ['eu-test-2']],
    ['e*u*1', ['eu1', 'e-u-1', 'eu-west-1'], ['eu-west-2']],
    ['eu?', ['eu1', 'eu-'], ['eu', 'eu12']],
    ['??', ['eu', 'us'], ['e', 'eu1']],
    ['*:admin', ['system:admin'], ['system:viewer']],
  ];
  for (const [pattern, yes, no] of cases) {
    for (const name of yes) assert.equal(matches(pattern, name), true, `${pattern} ~ ${name}`);
    for (const name of no) assert.equal(matches(pattern, name), false, `${pattern} !~ ${name}`);
  }
});

test('every other character stands for itself, and the case of letters counts', () => {
  for (const name of ['eu', 'a.b', '#x', 'a+b', '@a', '$a', '^a', 'a,b', '-', 'system:node', 'a!b']) {
    assert.equal(matches(name, name), true, name);
    assert.equal(matches(`${name}*`, `${name}x`), true, name);
  }
  assert.equal(matches('a.b', 'axb'), false);
  assert.equal(matches('a.*', 'axb'), false);
  assert.equal(matches('eu', 'EU'), false);
  assert.equal(matches('eu*', 'EU'), false);
});

test('a pattern that other globs would read in another way is refused with the reason', () => {
  const cases: readonly (readonly [pattern: string, error: RegExp])[] = [
    ['', /is empty; write \*/],
    ['eu/*', /holds \/, which no name has/],
    ['**', /holds \*\*/],
    ['{eu,us}', /holds braces; list the names/],
    ['eu-[12]', /holds brackets; \?/],
    ['@(eu|us)', /holds parentheses or \|/],
    ['eu\\*', /holds a backslash/],
    ['!eu', /begins with !; name what is not meant under exclude/],
    ['a*'.repeat(200), /has 400 characters; names have at most 253/],
  ];
  for (const [pattern, error] of cases) {
    const glob = parseGlob(pattern);
    assert.equal(glob.state, 'refused', pattern);
    assert.match(glob.state === 'refused' ? glob.error : '', error);
  }
});

test('a match means the same as taking the stars for the gaps between the pieces, whatever the pattern', () => {
  const piece = fc.constantFrom('a', 'b', 'ab', '?', '*', '-', '.');
  const name = fc.array(fc.constantFrom('a', 'b', '-', '.'), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), name, (pieces, letters) => {
      const pattern = pieces.join('').replaceAll(/\*+/g, '*');
      const text = letters.join('');
      fc.pre(text !== '.' && text !== '..'); // Kubernetes allows neither as a name, and they match nothing.
      assert.equal(matches(pattern, text), slowMatch(pattern, text), `${pattern} ~ ${text}`);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('patterns that make a backtracking matcher work for ever give an answer', () => {
  const name = `${'a'.repeat(250)}c`;
  const cases: readonly (readonly [pattern: string, expected: boolean])[] = [
    ['*a'.repeat(126), false],
    [`${'*a?'.repeat(80)}b`, false],
    [`${'a*'.repeat(126)}c`, true],
    ['?*'.repeat(126), true],
  ];
  for (const [pattern, expected] of cases) assert.equal(matches(pattern, name), expected, pattern);
  assert.equal(matches('*', 'a'.repeat(254)), false, 'no name is that long');
});

/** By definition, in exponential time. */
function slowMatch(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern.startsWith('*')) {
    return Array.from({ length: name.length + 1 }, (_, at) => at).some((at) =>
      slowMatch(pattern.slice(1), name.slice(at)),
    );
  }
  const first = pattern.charAt(0);
  return name !== '' && (first === '?' || first === name.charAt(0)) && slowMatch(pattern.slice(1), name.slice(1));
}
