import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, UsageError } from '../src/settings.ts';

test('a switch in the environment is true or false, and nothing that could be taken for the other', () => {
  const leads = (value: string): boolean => readSettings({}, { MUSTER_LEADER_ELECT: value }).flag('leaderElect');
  assert.deepEqual([leads('true'), leads('false'), leads('')], [true, false, false]);
  for (const value of ['True', '1', 'yes', 'on']) assert.throws(() => leads(value), UsageError);
});
