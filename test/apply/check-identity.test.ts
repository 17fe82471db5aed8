import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkIdentity } from '../../src/apply/check-identity.ts';
import type { Inventory } from '../../src/model/observation.ts';

interface Case {
  readonly title: string;
  /** `spec.uid` of cluster "eu". */
  readonly pinned?: string;
  /** App, UID and name in each inventory that the API server has. */
  readonly inventories?: readonly (readonly [app: string, uid: string, name: string])[];
  /** Who got this API server before, in this process. */
  readonly owner?: string;
  readonly says?: RegExp;
}

/** The API server behind the connection of "eu" has UID `here`; the fleet has eu and us. */
const CASES: readonly Case[] = [
  { title: 'nothing is there yet' },
  { title: 'our own inventory is there', inventories: [['web', 'here', 'eu']] },
  { title: 'an inventory of before names were recorded', inventories: [['web', 'here', '']] },
  { title: 'spec.uid is right', pinned: 'here', inventories: [['web', 'here', 'eu']] },
  {
    title: 'spec.uid is right, and the inventory was restored from elsewhere: who wrote it has looked',
    pinned: 'here',
    inventories: [['web', 'there', 'eu']],
  },
  { title: 'the cluster was renamed: nobody has the old name any more', inventories: [['web', 'here', 'europe']] },
  {
    title: 'spec.uid is another one',
    pinned: 'there',
    says: /^this is another cluster: kube-system has UID here, and spec\.uid says there\. /,
  },
  {
    title: 'an inventory was written for another UID: swapped, or restored',
    inventories: [
      ['db', 'here', 'eu'],
      ['web', 'there', 'eu'],
    ],
    says: /^this is another cluster: kube-system has UID here, and app "web" was put on there\. /,
  },
  {
    title: 'an inventory names another cluster of the fleet',
    inventories: [
      ['db', 'here', 'eu'],
      ['web', 'here', 'us'],
    ],
    says: /^the connection of "eu" leads to the API server of "us": nothing is done as "eu"\. /,
  },
  {
    title: 'spec.uid is right, and yet an inventory names another cluster: both files say this UID',
    pinned: 'here',
    inventories: [['web', 'here', 'us']],
    says: /^the connection of "eu" leads to the API server of "us"/,
  },
  {
    title: 'another cluster got it first',
    owner: 'us',
    says: /^the connection of "eu" leads to the API server of "us"/,
  },
];

for (const { title, pinned, inventories = [], owner, says } of CASES) {
  test(`${says === undefined ? 'go on' : 'stop'}: ${title}`, () => {
    const failure = checkIdentity({
      cluster: {
        name: 'eu',
        labels: {},
        connection: { kind: 'context', context: 'eu' },
        endpoints: [],
        zones: [],
        variables: {},
        suspend: false,
        origin: { file: 'clusters/eu.yaml', line: 1, column: 1 },
        ...(pinned === undefined ? {} : { uid: pinned }),
      },
      clusters: ['eu', 'us'],
      observation: {
        observedAt: '2026-11-21T12:00:00Z',
        clusterUid: 'here',
        kinds: new Map(),
        objects: new Map(),
        inventories: new Map(inventories.map(([app, uid, name]) => [app, inventory(app, uid, name)])),
      },
      claim: () => owner,
    });
    if (says === undefined) assert.equal(failure, undefined);
    else {
      assert.equal(failure?.code, 'WRONG_CLUSTER');
      assert.match(failure.safeMessage, says);
    }
  });
}

test('an API server that is not ours is not asked for: the name of its owner stays free for it', () => {
  const asked: string[] = [];
  checkIdentity({
    cluster: {
      name: 'eu',
      labels: {},
      connection: { kind: 'in-cluster' },
      endpoints: [],
      zones: [],
      variables: {},
      suspend: false,
      origin: { file: 'clusters/eu.yaml', line: 1, column: 1 },
    },
    clusters: ['eu', 'us'],
    observation: {
      observedAt: '2026-11-21T12:00:00Z',
      clusterUid: 'here',
      kinds: new Map(),
      objects: new Map(),
      inventories: new Map([['web', inventory('web', 'here', 'us')]]),
    },
    claim: (uid) => {
      asked.push(uid);
      return undefined;
    },
  });
  assert.deepEqual(asked, []);
});

function inventory(app: string, clusterUid: string, clusterName: string): Inventory {
  return {
    app,
    revision: 'r1',
    clusterUid,
    clusterName,
    prune: true,
    onUnplace: 'orphan',
    entries: [],
    resourceVersion: '1',
  };
}
