import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServedKind } from '../../src/model/observation.ts';
import { findServed } from '../../src/object/discovery.ts';

function served(group: string, version: string, kind: string): ServedKind {
  return { group, version, kind, plural: `${kind.toLowerCase()}s`, namespaced: true };
}

const DISCOVERY = {
  kinds: [
    served('autoscaling', 'v2', 'Scaler'),
    served('autoscaling', 'v1', 'Scaler'),
    served('', 'v1', 'Service'),
    served('a.io', 'v1', 'Service'),
  ],
  unknownGroups: new Map<string, string>(),
};

test('a kind is served in the version that is wanted, else in the one that the server prefers', () => {
  const version = (apiVersion: string): string | undefined =>
    findServed(DISCOVERY, { group: 'autoscaling', kind: 'Scaler', apiVersion })?.version;
  assert.equal(version('autoscaling/v1'), 'v1');
  assert.equal(version('autoscaling/v2'), 'v2');
  assert.equal(version('autoscaling/v3'), 'v2');
});

test('a kind is of its group', () => {
  assert.equal(findServed(DISCOVERY, { group: 'a.io', kind: 'Service', apiVersion: 'a.io/v1' })?.group, 'a.io');
  assert.equal(findServed(DISCOVERY, { group: 'b.io', kind: 'Service', apiVersion: 'b.io/v1' }), undefined);
});
