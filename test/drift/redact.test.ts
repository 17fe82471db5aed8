import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactField } from '../../src/drift/redact.ts';

const DIFFERENCE = {
  path: '/data/password',
  desired: 'bmV3',
  live: 'b2xk',
  manager: 'kubectl-edit',
  time: '2026-01-02T10:00:00Z',
};

test('values of a Secret are masked, the key name, who and when stay', () => {
  assert.deepEqual(redactField('Secret', ['f:data', 'f:password'], DIFFERENCE), {
    ...DIFFERENCE,
    desired: '*** (after)',
    live: '*** (before)',
  });
});

test('a value that is absent stays absent: that it was added or removed is no secret', () => {
  assert.deepEqual(redactField('Secret', ['f:data', 'f:a'], { path: '/data/a', desired: 'x' }), {
    path: '/data/a',
    desired: '*** (after)',
  });
  assert.deepEqual(redactField('Secret', ['f:data', 'f:a'], { path: '/data/a', live: 'x' }), {
    path: '/data/a',
    live: '*** (before)',
  });
});

test('everything of a Secret is masked that is not known to be open: annotations hold copies, and whole maps hold keys', () => {
  const masked = [
    ['f:stringData', 'f:a'],
    ['f:data'],
    ['f:metadata', 'f:annotations', 'f:kubectl.kubernetes.io/last-applied-configuration'],
    ['f:metadata'],
    [],
  ];
  for (const path of masked) assert.equal(redactField('Secret', path, DIFFERENCE).live, '*** (before)', path.join('.'));
  const open = [['f:type'], ['f:immutable'], ['f:metadata', 'f:labels', 'f:app'], ['f:metadata', 'f:labels']];
  for (const path of open) assert.deepEqual(redactField('Secret', path, DIFFERENCE), DIFFERENCE, path.join('.'));
});

test('other kinds are shown as they are', () => {
  for (const kind of ['ConfigMap', 'SealedSecret', 'secret'])
    assert.deepEqual(redactField(kind, ['f:data', 'f:password'], DIFFERENCE), DIFFERENCE);
});
