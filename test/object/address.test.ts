import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutCredentials } from '../../src/object/address.ts';

test('an address is shown without name and password, whatever characters the password has', () => {
  for (const [address, shown] of [
    ['https://user:password@host/path', 'https://host/path'],
    ['https://token@host:8443/path', 'https://host:8443/path'],
    ['https://user:p@ss/w0rd@host/x.yaml', 'https://host/x.yaml'],
    ['user:p@ss@github.com/org/repo', 'github.com/org/repo'],
    ['user:se/cret@github.com/org/repo', 'github.com/org/repo'],
    ['ssh://user:p@ss@host:22/x', 'ssh://host:22/x'],
    ['git@github.com:org/repo', 'github.com:org/repo'],
    ['user:pass\nword@host/x', 'host/x'],
  ] as const)
    assert.equal(withoutCredentials(address), shown);
});

test('an address without them stays as it is, with an @ in its path', () => {
  for (const address of ['https://host/charts/x@v1/y.yaml', 'host:443/x@v1', 'github.com/org/repo?ref=a@b', '../base'])
    assert.equal(withoutCredentials(address), address);
});
