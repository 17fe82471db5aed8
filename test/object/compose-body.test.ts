import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { type ComposedBody, composeBody } from '../../src/object/compose-body.ts';
import { at, mapAt } from '../../src/object/json.ts';
import { manifest, yaml } from '../support/objects.ts';

const POLICY = { manager: 'muster', isHuman: (manager: string) => manager.startsWith('kubectl') };
const LABELS = { 'applyset.kubernetes.io/part-of': 'applyset-x-v1' };

/** A Deployment in Git; `spec` in flow style. */
function desired(spec: string, more: Partial<Manifest> = {}, metadata = '{name: web, namespace: shop}'): Manifest {
  return manifest(`apiVersion: apps/v1\nkind: Deployment\nmetadata: ${metadata}\nspec: ${spec}\n`, more);
}

interface Owner {
  readonly manager: string;
  readonly operation?: 'Apply' | 'Update';
  readonly subresource?: string;
  readonly fields: JsonObject;
}

/** The same in a cluster, with who owns what. */
function live(spec: string, ...owners: readonly Owner[]): JsonObject {
  const body = yaml(
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop, resourceVersion: "41"}\nspec: ${spec}\n`,
  );
  const managedFields = owners.map(({ manager, operation = 'Update', subresource = '', fields }) => ({
    manager,
    operation,
    ...(subresource === '' ? {} : { subresource }),
    fieldsV1: fields,
  }));
  return { ...body, metadata: { ...mapAt(body, 'metadata'), managedFields } };
}

function compose(of: Manifest, there: JsonObject | undefined): ComposedBody {
  return composeBody(of, LABELS, there, POLICY);
}

const REPLICAS: JsonObject = { 'f:spec': { 'f:replicas': {} } };
const OURS: Owner = {
  manager: 'muster',
  operation: 'Apply',
  fields: { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } },
};

test('an object that is not there is sent whole, with our label, without force', () => {
  const of = desired('{replicas: 3}', {}, '{name: web, namespace: shop, labels: {app: web}}');
  assert.deepEqual(compose(of, undefined), {
    body: { ...of.body, metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', ...LABELS } } },
    force: false,
    lost: [],
    takenOver: [],
  });
  assert.deepEqual(mapAt(of.body, 'metadata', 'labels'), { app: 'web' }, 'the manifest is as it was');
});

test('fields that only we own, or nobody, are sent without force', () => {
  const { force, lost, takenOver, body } = compose(
    desired('{replicas: 5, paused: false}'),
    live('{replicas: 3, paused: true}', OURS),
  );
  assert.deepEqual({ force, lost, takenOver }, { force: false, lost: [], takenOver: [] });
  assert.deepEqual(body['spec'], { replicas: 5, paused: false });
  assert.equal(at(body, 'metadata', 'resourceVersion'), undefined);
});

test('what a person changed is taken back by force, with the resourceVersion that was seen', () => {
  const person: Owner = { manager: 'kubectl-edit', fields: REPLICAS };
  const { force, lost, takenOver, body } = compose(desired('{replicas: 3}'), live('{replicas: 7}', OURS, person));
  assert.deepEqual(
    { force, lost, takenOver },
    { force: true, lost: [], takenOver: [{ path: '/spec/replicas', manager: 'kubectl-edit' }] },
  );
  assert.deepEqual(body['spec'], { replicas: 3 });
  assert.equal(at(body, 'metadata', 'resourceVersion'), '41');
});

test('what another controller holds is left out and named, and nothing is forced', () => {
  const controller: Owner = { manager: 'rollouts', fields: REPLICAS };
  const { force, lost, takenOver, body } = compose(
    desired('{replicas: 3, paused: true}'),
    live('{replicas: 7}', controller),
  );
  assert.deepEqual(
    { force, lost, takenOver },
    { force: false, lost: [{ path: '/spec/replicas', manager: 'rollouts' }], takenOver: [] },
  );
  assert.deepEqual(body['spec'], { paused: true });
});

test('force is for what people changed: what a controller holds is out of the body even then', () => {
  const there = live(
    '{replicas: 7, paused: true}',
    { manager: 'rollouts', fields: REPLICAS },
    { manager: 'kubectl-edit', fields: { 'f:spec': { 'f:paused': {} } } },
  );
  const { force, lost, takenOver, body } = compose(desired('{replicas: 3, paused: false}'), there);
  assert.deepEqual(body['spec'], { paused: false });
  assert.deepEqual(
    { force, lost, takenOver },
    {
      force: true,
      lost: [{ path: '/spec/replicas', manager: 'rollouts' }],
      takenOver: [{ path: '/spec/paused', manager: 'kubectl-edit' }],
    },
  );
});

test('a field that a person and a controller hold together is left to the controller, and nothing is said to be taken', () => {
  const there = live(
    '{replicas: 7}',
    { manager: 'kubectl', fields: REPLICAS },
    { manager: 'rollouts', fields: REPLICAS },
  );
  const { force, lost, takenOver, body } = compose(desired('{replicas: 3, paused: true}'), there);
  assert.deepEqual(
    { force, lost, takenOver },
    { force: false, lost: [{ path: '/spec/replicas', manager: 'rollouts' }], takenOver: [] },
  );
  assert.deepEqual(body['spec'], { paused: true });
});

test('an equal value conflicts with nobody: both own it', () => {
  const { force, lost, body } = compose(
    desired('{replicas: 7}'),
    live('{replicas: 7}', { manager: 'rollouts', fields: REPLICAS }),
  );
  assert.deepEqual([force, lost, body['spec']], [false, [], { replicas: 7 }]);
});

test('muster.dev/force takes what a controller holds', () => {
  const of = desired('{replicas: 3}', {}, '{name: web, namespace: shop, annotations: {muster.dev/force: "true"}}');
  const { force, lost, takenOver, body } = compose(
    of,
    live('{replicas: 7}', { manager: 'rollouts', fields: REPLICAS }),
  );
  assert.deepEqual(
    { force, lost, takenOver },
    { force: true, lost: [], takenOver: [{ path: '/spec/replicas', manager: 'rollouts' }] },
  );
  assert.deepEqual(body['spec'], { replicas: 3 });
});

test('what others hold and Git does not set is nobody’s conflict', () => {
  const { force, lost } = compose(
    desired('{replicas: 3}'),
    live('{replicas: 3, paused: true}', { manager: 'rollouts', fields: { 'f:spec': { 'f:paused': {} } } }),
  );
  assert.deepEqual([force, lost], [false, []]);
});

test('what controllers write into status concerns nobody', () => {
  const status: Owner = { manager: 'kube-controller-manager', subresource: 'status', fields: REPLICAS };
  assert.deepEqual(compose(desired('{replicas: 3}'), live('{replicas: 7}', status)).lost, []);
});

test('an earlier update under our own name is somebody else’s: a client-side apply before us', () => {
  const before: Owner = { manager: 'muster', operation: 'Update', fields: REPLICAS };
  assert.deepEqual(compose(desired('{replicas: 3}'), live('{replicas: 7}', before)).lost, [
    { path: '/spec/replicas', manager: 'muster' },
  ]);
});

test('an item of a list is found by its keys, and only its own field is left out', () => {
  const containers = (image: string): string =>
    `{template: {spec: {containers: [{name: side, image: side:1}, {name: app, image: "${image}"}]}}}`;
  const fields: JsonObject = {
    'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': { 'f:image': {} } } } } },
  };
  const { lost, body } = compose(
    desired(containers('app:2')),
    live(containers('app:1'), { manager: 'image-updater', fields }),
  );
  assert.deepEqual(lost, [{ path: '/spec/template/spec/containers[name=app]/image', manager: 'image-updater' }]);
  assert.deepEqual(at(body, 'spec', 'template', 'spec'), {
    containers: [{ name: 'side', image: 'side:1' }, { name: 'app' }],
  });
});

test('a leaf over a map that is owned piece by piece only says that the map is there', () => {
  // Somebody created the object with an empty map; others filled it since.
  const creator: Owner = { manager: 'kubectl-create', fields: { 'f:spec': { 'f:selector': {} } } };
  const filler: Owner = {
    manager: 'muster',
    operation: 'Apply',
    fields: { 'f:spec': { 'f:selector': { 'f:app': {} } } },
  };
  const { force, lost } = compose(
    desired('{selector: {app: web, tier: front}}'),
    live('{selector: {app: web}}', creator, filler),
  );
  assert.deepEqual([force, lost], [false, []]);
});

test('several managers of one field are each named', () => {
  const there = live(
    '{replicas: 7}',
    { manager: 'rollouts', fields: REPLICAS },
    { manager: 'scaler', fields: REPLICAS },
  );
  const { lost, body } = compose(desired('{replicas: 3, paused: true}'), there);
  assert.deepEqual(
    lost.map(({ manager }) => manager),
    ['rollouts', 'scaler'],
  );
  assert.deepEqual(body['spec'], { paused: true });
});

const AUTOSCALED = { autoscaled: true };

test('handing over to an autoscaler, before the object exists: Git’s count is sent', () => {
  assert.deepEqual(compose(desired('{replicas: 3}', AUTOSCALED), undefined).body['spec'], { replicas: 3 });
});

test('handing over, while nobody else owns the count: the live one is sent, because giving it up would reset it to 1', () => {
  const { body, lost, force } = compose(
    desired('{replicas: 3, paused: true}', AUTOSCALED),
    live('{replicas: 6}', OURS),
  );
  assert.deepEqual([body['spec'], lost, force], [{ replicas: 6, paused: true }, [], false]);
});

test('handing over, once somebody else owns the count: it is not sent any more, and that is no loss to report', () => {
  for (const scaler of [
    { manager: 'kube-controller-manager', subresource: 'scale', fields: REPLICAS },
    { manager: 'kubectl', fields: REPLICAS },
  ]) {
    const { body, lost, force } = compose(
      desired('{replicas: 3, paused: true}', AUTOSCALED),
      live('{replicas: 6}', OURS, scaler),
    );
    assert.deepEqual([body['spec'], lost, force], [{ paused: true }, [], false]);
  }
});

test('handing over an object without a count changes nothing', () => {
  assert.deepEqual(compose(desired('{paused: true}', AUTOSCALED), live('{}', OURS)).body['spec'], { paused: true });
});
