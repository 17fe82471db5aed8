/** What somebody changes in a cluster: who, when and what is said, and it is put right, or left where the app says so. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FieldDifference } from '../../src/model/drift.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { DoneTick } from '../../src/model/tick.ts';
import { applySetId, PART_OF_LABEL } from '../../src/object/applyset.ts';
import { listAt, mapAt, numberAt, printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import type { Target } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { appFile, fleetFile } from './support/fleet-files.ts';
import { objectWrites, printRequests } from './support/requests.ts';
import { startWorld, type TestFleet, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

const WEB = `
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, labels: {team: a}, annotations: {note: by Git}}
  spec:
    replicas: 1
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec: {containers: [{name: web, image: 'web:1'}]}
`;

describe('An edit by hand', () => {
  const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:evil' }] } } } };
  const cases: readonly {
    readonly what: string;
    readonly patch: JsonObject;
    readonly manager: string;
    readonly field: Partial<FieldDifference>;
  }[] = [
    {
      what: 'of a replica count',
      patch: { spec: { replicas: 3 } },
      manager: 'kubectl-edit',
      field: { path: '/spec/replicas', desired: 1, live: 3, manager: 'kubectl-edit' },
    },
    {
      what: 'of an image',
      patch: image,
      manager: 'kubectl-set',
      field: {
        path: '/spec/template/spec/containers[name=web]/image',
        desired: 'web:1',
        live: 'web:evil',
        manager: 'kubectl-set',
      },
    },
    {
      what: 'of a label',
      patch: { metadata: { labels: { team: 'b' } } },
      manager: 'k9s',
      field: { path: '/metadata/labels/team', desired: 'a', live: 'b', manager: 'k9s' },
    },
    {
      what: 'that removes a label',
      patch: { metadata: { labels: { team: null } } },
      manager: 'kubectl-label',
      field: { path: '/metadata/labels/team', desired: 'a' },
    },
    {
      what: 'that removes an annotation',
      patch: { metadata: { annotations: { note: null } } },
      manager: 'kubectl-annotate',
      field: { path: '/metadata/annotations/note', desired: 'by Git' },
    },
  ];

  for (const [index, { what, patch, manager, field }] of cases.entries()) {
    it(`${what} is reported with its field, its values, who and when, and is put right`, async () => {
      await using fleet = await world.fleet(`edit-${index}`, { watching: true });
      fleet.commit({ 'apps/shop/base/web.yaml': WEB });
      await fleet.sync();
      const git = facts(await fleet.get('apps/v1', 'Deployment', 'web'));
      await world.clusters.eu.api.patch(web(fleet.name), patch, { type: 'strategic', manager });

      const tick = await driftedTick(fleet);

      const [found] = driftOf(tick);
      assert.equal(driftOf(tick).length, 1);
      const { time, ...rest } = found ?? assert.fail();
      assert.deepEqual(rest, field);
      if (field.manager !== undefined) assert.match(time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      await fleet.sync();
      assert.deepEqual(facts(await fleet.get('apps/v1', 'Deployment', 'web')), git);
    });
  }

  it('stands on the commit with its healing, as soon as the watch tells', async () => {
    await using fleet = await world.fleet('loop');
    fleet.commit({ 'apps/shop/base/web.yaml': WEB });
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/drift'], 'success: no drift'));

    await world.clusters.eu.api.patch(web('loop'), { spec: { replicas: 3 } }, { manager: 'kubectl-edit' });

    await eventually(() => {
      assert.match(
        loop.statuses()['muster/drift'] ?? '',
        /^success: no drift · healed on eu: Deployment loop\/web \/spec\/replicas 1 → 3 by kubectl-edit at \d\d:\d\d:\d\dZ$/,
      );
    });
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 1);
  });

  it('that takes our ownership label away, or gives it to somebody, is put right and loses nothing', async () => {
    for (const [index, value] of [null, 'applyset-of-somebody-else-v1'].entries()) {
      await using fleet = await world.fleet(`label-${index}`, { watching: true });
      fleet.commit({ 'apps/shop/base/web.yaml': WEB });
      await fleet.sync();
      const labels = { [PART_OF_LABEL]: value };
      await world.clusters.eu.api.patch(web(fleet.name), { metadata: { labels } }, { manager: 'kubectl-label' });

      await eventually(async () => {
        await fleet.tick();
        const live = await fleet.get('apps/v1', 'Deployment', 'web');
        assert.equal(mapAt(live, 'metadata', 'labels')[PART_OF_LABEL], applySetId(fleet.name, 'shop'));
      });
      await fleet.sync();
      assert.equal((await fleet.inventory('shop'))?.entries.length, 1);
    }
  });

  it('with server-side apply is put right too', async () => {
    await using fleet = await world.fleet('edit-apply');
    fleet.commit({ 'apps/shop/base/web.yaml': WEB });
    await fleet.sync();
    const edit = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'edit-apply' },
      spec: { replicas: 4 },
    };
    await world.clusters.eu.api.apply(edit, { manager: 'kubectl', force: true });

    const tick = await driftedTick(fleet);

    assert.deepEqual(
      driftOf(tick).map(({ path, manager }) => [path, manager]),
      [['/spec/replicas', 'kubectl']],
    );
    await fleet.sync();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 1);
  });

  it('of a field that Git says nothing about is nobody’s business but its author’s', async () => {
    await using fleet = await world.fleet('edit-other', { watching: true });
    fleet.commit({ 'apps/shop/base/web.yaml': WEB });
    await fleet.sync();
    await world.clusters.eu.api.patch(
      web('edit-other'),
      { metadata: { labels: { mine: 'yes' } }, spec: { minReadySeconds: 1, paused: true } },
      { manager: 'kubectl-edit' },
    );

    const tick = await fleet.tick();

    assert.deepEqual(tick.drift.objects, []);
    const live = await fleet.get('apps/v1', 'Deployment', 'web');
    assert.equal(numberAt(live, 'spec', 'minReadySeconds'), 1);
    assert.equal(textAt(live, 'metadata', 'labels', 'mine'), 'yes');
  });

  it('just before a commit of the same field is no drift: the repository wants something else now', async () => {
    await using fleet = await world.fleet('edit-commit');
    fleet.commit({ 'apps/shop/base/web.yaml': WEB });
    await fleet.sync();
    await world.clusters.eu.api.patch(web('edit-commit'), { spec: { replicas: 3 } }, { manager: 'kubectl-edit' });

    fleet.commit({ 'apps/shop/base/web.yaml': WEB.replace('replicas: 1', 'replicas: 2') });
    const tick = await fleet.tick();

    assert.deepEqual(driftOf(tick), []);
    await fleet.sync();
    assert.equal(numberAt(await fleet.get('apps/v1', 'Deployment', 'web'), 'spec', 'replicas'), 2);
  });

  it('again and again is healed more and more slowly, and reported all the time', async () => {
    await using fleet = await world.fleet('edit-again');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings('blue') });
    await fleet.sync();
    const edit = (colour: string): Promise<JsonObject> =>
      world.clusters.eu.api.patch(configMap('edit-again'), { data: { colour } }, { manager: 'kubectl-edit' });
    await edit('red');
    await fleet.tick();
    await edit('green');

    const tick = await fleet.tick();

    assert.deepEqual(
      driftOf(tick).map(({ live }) => live),
      ['green'],
    );
    assert.equal(await colourOf(fleet), 'green', 'not at once');
    assert.deepEqual(assessCluster(tick), {
      state: 'pending',
      text: 'ConfigMap edit-again/settings: it was healed once and changed again; healing waits',
    });
    await eventually(async () => {
      await fleet.tick();
      assert.equal(await colourOf(fleet), 'blue');
    });
  });
});

describe('The loop', () => {
  it('heals what somebody edits again and again as soon as its pause is over', async () => {
    await using fleet = await world.fleet('loop-again');
    fleet.commit({ 'apps/shop/base/settings.yaml': settings('blue') });
    await using loop = fleet.control();
    await eventually(() => assert.equal(loop.statuses()['muster/drift'], 'success: no drift'));

    for (const colour of ['red', 'green']) {
      await world.clusters.eu.api.patch(configMap('loop-again'), { data: { colour } }, { manager: 'kubectl-edit' });
      await eventually(async () => assert.equal(await colourOf(fleet), 'blue'));
    }
  });
});

describe('An object that somebody deleted', () => {
  it('comes back, and is reported as missing', async () => {
    await using fleet = await world.fleet('deleted', { watching: true });
    fleet.commit({ 'apps/shop/base/settings.yaml': settings('blue'), 'apps/shop/base/web.yaml': WEB });
    await fleet.sync();
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'deleted', 'settings');

    const tick = await driftedTick(fleet);

    assert.deepEqual(
      tick.drift.objects.map(({ id, state, cause }) => [id.name, state, cause]),
      [['settings', 'missing', 'drift']],
    );
    assert.equal(await colourOf(fleet), 'blue');
    await fleet.sync();
    const uid = textAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'metadata', 'uid');
    const entries = (await fleet.inventory('shop'))?.entries ?? [];
    assert.equal(entries.find((entry) => entry.id.name === 'settings')?.uid, uid, 'the record knows the new one');
  });

  it('comes back with its namespace, if that went too', async () => {
    await using fleet = await world.fleet('deleted-namespace');
    fleet.commit({
      'apps/shop/base/namespace.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: deleted-namespace-shop}}',
      'apps/shop/base/settings.yaml':
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: deleted-namespace-shop}}',
    });
    await fleet.sync();
    const { api } = world.clusters.eu;
    const uid = textAt(await fleet.get('v1', 'Namespace', 'deleted-namespace-shop'), 'metadata', 'uid');
    await api.delete('v1', 'Namespace', '', 'deleted-namespace-shop');

    const meanwhile = assessCluster(await fleet.tick());

    assert.equal(meanwhile.state, 'pending', meanwhile.text);
    await fleet.sync();
    const namespace = await fleet.get('v1', 'Namespace', 'deleted-namespace-shop');
    assert.notEqual(textAt(namespace, 'metadata', 'uid'), uid);
    assert.ok((await api.get('v1', 'ConfigMap', 'deleted-namespace-shop', 'settings')) !== undefined);
  });
});

describe('An app that only reports drift', () => {
  const report = appFile('shop', { drift: 'report' });

  it('leaves an edit as it is, says so, and asks nothing more', async () => {
    await using fleet = await world.fleet('report', { watching: true });
    fleet.commit({
      'apps/shop/app.yaml': report,
      'apps/shop/base/settings.yaml': settings('blue'),
      'apps/shop/base/other.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}',
    });
    await fleet.sync();
    await world.clusters.eu.api.patch(configMap('report'), { data: { colour: 'red' } }, { manager: 'kubectl-edit' });
    const tick = await eventually(async () => {
      const made = await fleet.tick();
      assert.deepEqual(
        driftOf(made).map(({ path, live, manager }) => [path, live, manager]),
        [['/data/colour', 'red', 'kubectl-edit']],
      );
      return made;
    });
    assert.equal(assessCluster(tick).state, 'success', 'the commit did arrive');

    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      const again = await fleet.tick();
      assert.equal(driftOf(again).length, 1, 'it is still reported');
    });

    assert.deepEqual(printRequests(requests), []);
    assert.equal(await colourOf(fleet), 'red');
  });

  it('leaves a deleted object deleted, says that it is missing, and asks nothing more', async () => {
    await using fleet = await world.fleet('report-deleted', { watching: true });
    fleet.commit({ 'apps/shop/app.yaml': report, 'apps/shop/base/settings.yaml': settings('blue') });
    await fleet.sync();
    await world.clusters.eu.api.delete('v1', 'ConfigMap', 'report-deleted', 'settings');
    await eventually(async () => {
      assert.deepEqual(
        (await fleet.tick()).drift.objects.map(({ state }) => state),
        ['missing'],
      );
    });

    const requests = await fleet.requestsDuring(async () => {
      await fleet.tick();
      await fleet.tick();
    });

    assert.deepEqual(printRequests(requests), []);
    assert.equal(await fleet.get('v1', 'ConfigMap', 'settings'), undefined);
  });

  it('still gets what a commit changes, and heals when it is told to', async () => {
    await using fleet = await world.fleet('report-commit');
    fleet.commit({ 'apps/shop/app.yaml': report, 'apps/shop/base/settings.yaml': settings('blue') });
    await fleet.sync();
    const edit = (): Promise<JsonObject> =>
      world.clusters.eu.api.patch(configMap('report-commit'), { data: { colour: 'red' } }, { manager: 'kubectl-edit' });
    await edit();
    await fleet.tick();
    assert.equal(await colourOf(fleet), 'red');

    fleet.commit({ 'apps/shop/base/settings.yaml': settings('green') });
    await fleet.sync();
    assert.equal(await colourOf(fleet), 'green');

    await edit();
    fleet.commit({ 'apps/shop/app.yaml': appFile('shop', { drift: 'heal' }) });
    await fleet.sync();
    assert.equal(await colourOf(fleet), 'green');
  });
});

describe('What is suspended', () => {
  for (const [what, files] of [
    ['a fleet', { 'fleet.yaml': fleetFile('suspended-fleet', { suspend: true }) }],
    ['an app', { 'apps/shop/app.yaml': appFile('shop', { suspend: true }) }],
  ] as const) {
    it(`as ${what} is read and reported, and nothing of it is written`, async () => {
      await using fleet = await world.fleet(what === 'a fleet' ? 'suspended-fleet' : 'suspended-app');
      fleet.commit({ 'apps/shop/base/settings.yaml': settings('blue'), 'apps/shop/base/web.yaml': WEB });
      await fleet.sync();
      await world.clusters.eu.api.patch(
        configMap(fleet.name),
        { data: { colour: 'red' } },
        { manager: 'kubectl-edit' },
      );

      fleet.commit({ ...files, 'apps/shop/base/web.yaml': null });
      let tick: DoneTick | undefined;
      const requests = await fleet.requestsDuring(async () => {
        tick = await fleet.tick();
      });

      assert.deepEqual(printRequests(objectWrites(requests)), []);
      assert.ok(tick !== undefined);
      assert.equal(assessCluster(tick).text, `app shop: the ${what.replace(/^an? /, '')} is suspended`);
      assert.deepEqual(
        driftOf(tick).map(({ path }) => path),
        ['/data/colour'],
      );
    });
  }
});

interface Gettable {
  get(apiVersion: string, kind: string, name: string): Promise<JsonObject | undefined>;
}

/** The first tick that sees drift: a watch may not have told yet, or the object may have changed while it was looked at. */
function driftedTick(fleet: TestFleet<'eu'>): Promise<DoneTick> {
  return eventually(async () => {
    const tick = await fleet.tick();
    assert.notDeepEqual(tick.drift.objects, []);
    return tick;
  });
}

/** Fields of all objects that somebody changed. */
function driftOf(tick: DoneTick): readonly FieldDifference[] {
  return tick.drift.objects.filter((each) => each.cause === 'drift').flatMap((each) => each.fields);
}

/** What a test edits, as it stands in the cluster. */
function facts(live: JsonObject | undefined): object {
  return {
    replicas: numberAt(live, 'spec', 'replicas'),
    image: textAt(listAt(live, 'spec', 'template', 'spec', 'containers')[0], 'image'),
    labels: mapAt(live, 'metadata', 'labels'),
    note: textAt(live, 'metadata', 'annotations', 'note'),
  };
}

function web(namespace: string): Target {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };
}

function configMap(namespace: string): Target {
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
}

function settings(colour: string): string {
  return printJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { colour } });
}

async function colourOf(fleet: Gettable): Promise<string | undefined> {
  return textAt(await fleet.get('v1', 'ConfigMap', 'settings'), 'data', 'colour');
}
