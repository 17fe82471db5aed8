/** An API that a workload of the same commit serves: neither can be there without the other. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { printJson, textAt } from '../../src/object/json.ts';
import { assessCluster } from '../../src/report/assess-cluster.ts';
import { startAggregatedApi } from '../support/aggregated-api.ts';
import { eventually } from '../support/eventually.ts';
import { fleetFile } from './support/fleet-files.ts';
import { startWorld, type World } from './support/world.ts';

let world: World<'eu'>;

before(async () => {
  world = await startWorld(['eu'], { controllerManager: true });
});
after(() => world?.[Symbol.asyncDispose]());

const GROUP = 'gauges.example.com';

describe('An APIService', () => {
  it('comes with the Deployment behind it and an object of its kind in one commit, in whatever order they are ready [A25]', async () => {
    await using api = await startAggregatedApi(GROUP);
    await using fleet = await world.fleet('aggregated');
    fleet.commit({
      'fleet.yaml': fleetFile('aggregated', {
        kinds: [{ apiVersion: `${GROUP}/v1`, kind: 'Gauge', namespaced: true }],
      }),
      'apps/shop/base/gauge.json': printJson({
        apiVersion: `${GROUP}/v1`,
        kind: 'Gauge',
        metadata: { name: 'a' },
        spec: { size: 3 },
      }),
      'apps/shop/base/api.yaml': `
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: {name: v1.${GROUP}}
        spec:
          group: ${GROUP}
          version: v1
          groupPriorityMinimum: 1000
          versionPriority: 15
          service: {namespace: aggregated, name: gauges, port: ${api.port}}
          insecureSkipTLSVerify: true
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: gauges}
        spec: {type: ExternalName, externalName: localhost, ports: [{port: ${api.port}}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: gauges}
        spec:
          selector: {matchLabels: {app: gauges}}
          template:
            metadata: {labels: {app: gauges}}
            spec: {containers: [{name: gauges, image: 'gauges:1'}]}
      `,
    });

    const first = assessCluster(await fleet.tick());
    assert.equal(first.state, 'pending', first.text);
    await eventually(async () => {
      const { state } = assessCluster(await fleet.tick());
      assert.notEqual(state, 'failure');
      const live = await fleet.get('apps/v1', 'Deployment', 'gauges');
      assert.ok((textAt(live, 'metadata', 'uid') ?? '') !== '');
    });
    assert.equal(api.objects.size, 0);
    // Nobody really runs the Pod: this is what it would do.
    api.start();

    await eventually(() => fleet.sync());

    assert.deepEqual([...api.objects.keys()], ['aggregated/a']);
    assert.equal((await fleet.inventory('shop'))?.entries.length, 4);
    await world.clusters.eu.api.delete('apiregistration.k8s.io/v1', 'APIService', '', `v1.${GROUP}`);
  });
});
