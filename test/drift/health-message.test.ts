import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printHealthMessage } from '../../src/drift/health-message.ts';

test('credentials that a controller wrote into a condition are masked', () => {
  const messages: readonly (readonly [string, string])[] = [
    ['clone https://bot:hunter2@git.example.com/a.git: 401', 'clone https://***@git.example.com/a.git: 401'],
    ['clone https://hunter2@git.example.com/a.git: 401', 'clone https://***@git.example.com/a.git: 401'],
    ['GET https://s3.example.com/a?X-Sig=hunter2&b=1 failed', 'GET https://s3.example.com/a?*** failed'],
    ['Authorization: Bearer hunter2 refused', 'Authorization: *** refused'],
    ['login with password=hunter2 failed', 'login with password=*** failed'],
    ['{"token": "hunter2"}', '{"token": ***'],
    ['api_key:hunter2 is unknown', 'api_key:*** is unknown'],
    ['secret "db" not found', 'secret "db" not found'],
  ];
  for (const [written, printed] of messages) assert.equal(printHealthMessage(written), printed);
});

test('a message is one line of at most 120 characters, cut on a word', () => {
  assert.equal(printHealthMessage('  two\n lines\tand \u001B[31mred\u202E text '), 'two lines and [31mred text');
  assert.equal(printHealthMessage('word '.repeat(40)), `${'word '.repeat(23)}word…`);
  assert.equal(printHealthMessage(`${'x'.repeat(119)} y`), `${'x'.repeat(119)}…`);
  assert.equal(printHealthMessage('x'.repeat(120)), 'x'.repeat(120));
  assert.equal(printHealthMessage(`xx ${'y'.repeat(200)}`), `xx ${'y'.repeat(116)}…`);
  assert.equal(printHealthMessage(`${'x'.repeat(118)}😀😀`), `${'x'.repeat(118)}…`);
  assert.equal(printHealthMessage(`half \uD83D`), 'half \uFFFD');
});

test('a megabyte of hostile text is cut before it is searched, and half a credential at the cut is dropped', () => {
  assert.equal(printHealthMessage('://'.repeat(500_000)), '');
  assert.equal(printHealthMessage(`a ${'x'.repeat(4_094)}`), `a ${'x'.repeat(117)}…`);
  assert.equal(printHealthMessage(`a ${'x'.repeat(4_095)}`), 'a');
  const url = `https://git.example.com/a?${'x'.repeat(4_000)}`;
  assert.equal(
    printHealthMessage(`${url} and https://bot:${'hunter2'.repeat(100)}@git`),
    'https://git.example.com/a?*** and',
  );
});
