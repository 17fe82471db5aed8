import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupOf } from '../../src/object/id.ts';
import { findAutoscaled } from '../../src/render/find-autoscaled.ts';

/** The keys of what this autoscaler, in namespace `shop`, scales. */
function scaled(apiVersion: string, kind: string, scaleTargetRef: Readonly<Record<string, string>>): readonly string[] {
  const id = { group: groupOf(apiVersion), kind, namespace: 'shop', name: 'scaler' };
  return [...findAutoscaled([{ id, body: { apiVersion, kind, spec: { scaleTargetRef } } }])];
}

const WEB = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

test('a HorizontalPodAutoscaler of any version scales what it names in its own namespace', () => {
  assert.deepEqual(scaled('autoscaling/v2', 'HorizontalPodAutoscaler', WEB), ['apps/Deployment/shop/web']);
  assert.deepEqual(scaled('autoscaling/v1', 'HorizontalPodAutoscaler', { ...WEB, kind: 'StatefulSet' }), [
    'apps/StatefulSet/shop/web',
  ]);
  assert.deepEqual(
    scaled('autoscaling/v2', 'HorizontalPodAutoscaler', {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      name: 'web',
    }),
    ['/ReplicationController/shop/web'],
  );
});

test('a ScaledObject of KEDA scales a Deployment unless it says otherwise', () => {
  assert.deepEqual(scaled('keda.sh/v1alpha1', 'ScaledObject', { name: 'web' }), ['apps/Deployment/shop/web']);
  assert.deepEqual(scaled('keda.sh/v1alpha1', 'ScaledObject', { name: 'web', kind: 'StatefulSet' }), [
    'apps/StatefulSet/shop/web',
  ]);
});

test('nothing else scales anything', () => {
  assert.deepEqual(scaled('autoscaling/v2', 'Other', WEB), []);
  assert.deepEqual(scaled('example.com/v1', 'HorizontalPodAutoscaler', WEB), []);
  assert.deepEqual(scaled('keda.sh/v1alpha1', 'ScaledJob', WEB), []);
  assert.deepEqual(scaled('autoscaling/v2', 'HorizontalPodAutoscaler', {}), []);
});
