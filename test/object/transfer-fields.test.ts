import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { mapAt } from '../../src/object/json.ts';
import { afterTransfer, transferFields, type TransferRules } from '../../src/object/transfer-fields.ts';
import { yaml } from '../support/objects.ts';

const RULES: TransferRules = {
  manager: 'muster',
  adopt: [],
  isHuman: (manager) => manager.startsWith('kubectl'),
  apiVersion: 'v1',
  isGone: () => false,
  leave: [],
  taken: [],
};

function entry(manager: string, fieldsV1: JsonObject, more: JsonObject = {}): JsonObject {
  const time = '2026-01-01T10:00:00Z';
  return { manager, operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1, ...more };
}

const OWN = { operation: 'Apply' };

function live(data: string, ...managedFields: readonly JsonObject[]): JsonObject {
  return { ...yaml(`{apiVersion: v1, kind: ConfigMap, data: ${data}}`), metadata: { name: 'a', managedFields } };
}

test('nothing is transferred where only controllers own something beside us', () => {
  const there = live('{a: "1"}', entry('operator', yaml('{f:data: {f:a: {}}}')));
  assert.equal(transferFields(there, yaml('{data: {a: "1"}}'), RULES), undefined);
});

test('an adopted manager gives up everything, and what it reported as status stays with it', () => {
  const status = entry('helm', yaml('{f:status: {f:x: {}}}'), { subresource: 'status' });
  const there = live(
    '{a: "1", b: "2", c: "3"}',
    entry('helm', yaml('{f:data: {.: {}, f:a: {}, f:b: {}}}')),
    status,
    entry('operator', yaml('{f:data: {f:c: {}}}')),
    entry('muster', yaml('{f:data: {f:a: {}}}'), OWN),
  );
  assert.deepEqual(transferFields(there, yaml('{data: {a: "1"}}'), { ...RULES, adopt: ['helm'] }), {
    managedFields: [
      status,
      entry('operator', yaml('{f:data: {f:c: {}}}')),
      entry('muster', yaml('{f:data: {f:a: {}, f:b: {}, .: {}}}'), OWN),
    ],
    from: ['helm'],
  });
});

test('people give up what Git says or said, and kubectl’s copy of the manifest; what Git never had stays theirs', () => {
  const copy = yaml('{f:metadata: {f:annotations: {f:kubectl.kubernetes.io/last-applied-configuration: {}}}}');
  const there = live(
    '{a: "1", b: "2", c: "3"}',
    entry('kubectl-client-side-apply', { ...copy, ...yaml('{f:data: {f:a: {}, f:b: {}, f:c: {}}}') }),
    entry('muster', yaml('{f:data: {f:b: {}}}'), OWN),
  );
  assert.deepEqual(transferFields(there, yaml('{data: {a: "1"}}'), RULES), {
    managedFields: [
      entry('kubectl-client-side-apply', yaml('{f:data: {f:c: {}}}')),
      entry('muster', { ...yaml('{f:data: {f:b: {}, f:a: {}}}'), ...copy }, OWN),
    ],
    from: ['kubectl-client-side-apply'],
  });
});

test('what is left to people is not taken', () => {
  const there = live('{a: "1"}', entry('kubectl-edit', yaml('{f:data: {f:a: {}}}')));
  assert.equal(transferFields(there, yaml('{data: {a: "2"}}'), { ...RULES, leave: [['f:data', 'f:a']] }), undefined);
});

test('what an apply takes by itself is no reason, unless all that it would leave is that there are maps', () => {
  const rules = { ...RULES, taken: [['f:data', 'f:a']] };
  const git = yaml('{data: {a: "2"}}');
  const edited = live('{a: "1"}', entry('kubectl-edit', yaml('{f:data: {f:a: {}}}')));
  assert.equal(transferFields(edited, git, rules), undefined);
  const created = live('{a: "1"}', entry('kubectl-create', yaml('{f:data: {.: {}, f:a: {}}}')));
  assert.deepEqual(transferFields(created, git, rules)?.managedFields, [
    entry('muster', yaml('{f:data: {f:a: {}}}'), OWN),
  ]);
});

test('our first entry is an apply, in the version and with the time of what it takes', () => {
  const there = live('{a: "1"}', entry('helm', yaml('{f:data: {f:a: {}}}'), { apiVersion: 'v0' }));
  const transfer = transferFields(there, yaml('{data: {a: "1"}}'), { ...RULES, adopt: ['helm'] });
  assert.deepEqual(transfer?.managedFields, [entry('muster', yaml('{f:data: {f:a: {}}}'), OWN)]);
});

test('every entry in a version that is gone is written in ours', () => {
  const old = { apiVersion: 'v1beta1' };
  const there = live(
    '{a: "1"}',
    entry('operator', yaml('{f:status: {f:x: {}}}'), { ...old, subresource: 'status' }),
    entry('muster', yaml('{f:data: {f:a: {}}}'), { ...OWN, ...old }),
  );
  const isGone = (apiVersion: string): boolean => apiVersion === 'v1beta1';
  assert.deepEqual(transferFields(there, yaml('{data: {a: "1"}}'), { ...RULES, isGone }), {
    managedFields: [
      entry('operator', yaml('{f:status: {f:x: {}}}'), { subresource: 'status' }),
      entry('muster', yaml('{f:data: {f:a: {}}}'), OWN),
    ],
    from: [],
  });
});

test('what will be left is the answer to the apply without what became ours and is nobody else’s', () => {
  const helm = entry('helm', yaml('{f:data: {f:a: {}, f:b: {}, f:c: {}}}'));
  const operator = entry('operator', yaml('{f:data: {f:c: {}}}'));
  const there = live('{a: "1", b: "2", c: "3"}', helm, operator);
  const transfer = transferFields(there, yaml('{data: {a: "9"}}'), { ...RULES, adopt: ['helm'] });
  assert.ok(transfer !== undefined);
  const answer = live('{a: "9", b: "2", c: "3"}', helm, operator, entry('muster', yaml('{f:data: {f:a: {}}}'), OWN));
  const after = afterTransfer(there, answer, transfer, 'muster');
  assert.deepEqual(mapAt(after, 'data'), { a: '9', c: '3' });
  assert.deepEqual(after['metadata'], {
    name: 'a',
    managedFields: [operator, entry('muster', yaml('{f:data: {f:a: {}}}'), OWN)],
  });
});
