import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { at, listAt } from '../../src/object/json.ts';
import { podStatus } from './pod-status.ts';

const table: readonly {
  readonly pod: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly phase: string;
  readonly ready: string;
  readonly state: JsonObject;
}[] = [
  {
    pod: 'of a Deployment',
    image: 'nginx:1.29',
    phase: 'Running',
    ready: 'True',
    state: { running: { startedAt: '2026-01-02T03:04:05Z' } },
  },
  {
    pod: 'of a Job',
    image: 'busybox',
    restartPolicy: 'OnFailure',
    phase: 'Succeeded',
    ready: 'False',
    state: {
      terminated: {
        exitCode: 0,
        reason: 'Completed',
        startedAt: '2026-01-02T03:04:05Z',
        finishedAt: '2026-01-02T03:04:05Z',
      },
    },
  },
  {
    pod: 'of a Job that fails',
    image: 'registry:5000/busybox:failing',
    restartPolicy: 'Never',
    phase: 'Failed',
    ready: 'False',
    state: {
      terminated: {
        exitCode: 1,
        reason: 'Error',
        startedAt: '2026-01-02T03:04:05Z',
        finishedAt: '2026-01-02T03:04:05Z',
      },
    },
  },
  {
    pod: 'of a Deployment whose program fails',
    image: 'nginx:failing',
    phase: 'Running',
    ready: 'False',
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
  },
  {
    pod: 'of a Deployment whose image does not exist',
    image: 'nginx:missing',
    phase: 'Pending',
    ready: 'False',
    state: { waiting: { reason: 'ImagePullBackOff', message: 'the image does not exist' } },
  },
];

for (const { pod, image, restartPolicy, phase, ready, state } of table) {
  test(`a Pod ${pod} becomes ${phase}, ready ${ready}`, () => {
    const status = podStatus(
      {
        metadata: { uid: '0a0b0000-0000-4000-8000-000000000000', creationTimestamp: '2026-01-02T03:04:05Z' },
        spec: { containers: [{ name: 'main', image }], ...(restartPolicy === undefined ? {} : { restartPolicy }) },
      },
      '192.0.2.1',
    );
    assert.equal(status['phase'], phase);
    assert.equal(status['podIP'], '10.244.10.11');
    assert.equal(
      at(
        listAt(status, 'conditions').find((each) => at(each, 'type') === 'Ready'),
        'status',
      ),
      ready,
    );
    assert.deepEqual(
      listAt(status, 'containerStatuses').map((each) => [at(each, 'name'), at(each, 'state')]),
      [['main', state]],
    );
  });
}
