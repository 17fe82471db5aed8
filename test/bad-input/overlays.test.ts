/** Overlays and JSON patches that do not fit (bad input, 4.5). */
import type { TestFiles } from '../support/fleet-files.ts';
import { describeBadInput } from './support.ts';

describeBadInput('The list of patches', {
  'is no map': {
    files: overlay('{}'),
    says: ['apps/web/overlays/slow.yaml:6:12: BAD_VALUE: "spec.patches" must be a list.'],
  },
  'is not empty': {
    files: overlay('[]'),
    says: ['apps/web/overlays/slow.yaml:6:12: BAD_VALUE: "spec.patches" must not be empty.'],
  },
  'is not null': {
    files: overlay('null'),
    says: ['apps/web/overlays/slow.yaml:6:12: BAD_VALUE: "spec.patches" must be a list.'],
  },
});

describeBadInput('The list of operations', {
  'is no map': {
    files: patch('{}'),
    says: ['apps/web/overlays/slow.yaml:8:12: BAD_VALUE: "spec.patches.0.ops" must be a list.'],
  },
  'may be empty, with a warning': {
    files: patch('[]'),
    says: [
      'warning: apps/web/overlays/slow.yaml:8:12: PATCH_FAILED: the list of operations is empty, so it changes nothing.',
    ],
  },
  'is not null': {
    files: patch('null'),
    says: ['apps/web/overlays/slow.yaml:8:12: BAD_VALUE: "spec.patches.0.ops" must be a list.'],
  },
});

const CONTAINERS = '/spec/template/spec/containers';

describeBadInput('An operation', {
  'replaces what is there': {
    files: patch(`[{op: replace, path: ${CONTAINERS}/0/imagee, value: x}]`),
    says: [
      'apps/web/overlays/slow.yaml:8:33: PATCH_FAILED: replace "/spec/template/spec/containers/0/imagee": "/spec/template/spec/containers/0" has no "imagee". Did you mean "/spec/template/spec/containers/0/image"?',
    ],
  },
  'removes what is there': {
    files: patch('[{op: remove, path: /spec/replica}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:32: PATCH_FAILED: remove "/spec/replica": "/spec" has no "replica". Did you mean "/spec/replicas"?',
    ],
  },
  'tests what is there': {
    files: patch('[{op: test, path: /spec/paused, value: true}]'),
    says: ['apps/web/overlays/slow.yaml:8:30: PATCH_FAILED: test "/spec/paused": "/spec" has no "paused".'],
  },
  'that tests says both values': {
    files: patch('[{op: test, path: /spec/replicas, value: 4}]'),
    says: ['apps/web/overlays/slow.yaml:8:53: PATCH_FAILED: test "/spec/replicas": the value is 3, not 4.'],
  },
  'has a name': {
    files: patch('[{op: replcae, path: /spec/replicas, value: 4}]'),
    says: ['apps/web/overlays/slow.yaml:8:18: PATCH_FAILED: there is no operation "replcae". Did you mean "replace"?'],
  },
  'counts from 0': {
    files: patch(`[{op: add, path: ${CONTAINERS}/-1, value: {name: a}}]`),
    says: [
      'apps/web/overlays/slow.yaml:8:29: PATCH_FAILED: add "/spec/template/spec/containers/-1": "/spec/template/spec/containers" is a list, and "-1" is no index.',
    ],
  },
  'leaves no gap': {
    files: patch(`[{op: add, path: ${CONTAINERS}/99, value: {name: a}}]`),
    says: [
      'apps/web/overlays/slow.yaml:8:29: PATCH_FAILED: add "/spec/template/spec/containers/99": "/spec/template/spec/containers" has one item, number 0.',
    ],
  },
  'counts without leading zeros': {
    files: patch(`[{op: remove, path: ${CONTAINERS}/01}]`),
    says: [
      'apps/web/overlays/slow.yaml:8:32: PATCH_FAILED: remove "/spec/template/spec/containers/01": "/spec/template/spec/containers" is a list, and "01" is no index.',
    ],
  },
  'counts with digits': {
    files: patch(`[{op: remove, path: ${CONTAINERS}/1e3}]`),
    says: [
      'apps/web/overlays/slow.yaml:8:32: PATCH_FAILED: remove "/spec/template/spec/containers/1e3": "/spec/template/spec/containers" is a list, and "1e3" is no index.',
    ],
  },
  'escapes by RFC 6901': {
    files: patch('[{op: add, path: /metadata/labels/a~2b, value: c}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:29: PATCH_FAILED: add "/metadata/labels/a~2b": a "~" must be followed by 0 or 1. Write "~0" for "~", and "~1" for "/" in a key.',
    ],
  },
  'escapes to the end': {
    files: patch('[{op: add, path: /metadata/labels/a~, value: c}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:29: PATCH_FAILED: add "/metadata/labels/a~": a "~" must be followed by 0 or 1. Write "~0" for "~", and "~1" for "/" in a key.',
    ],
  },
  'begins at the root': {
    files: patch('[{op: add, path: metadata/labels/a, value: c}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:29: PATCH_FAILED: add "metadata/labels/a": a path begins with "/". Did you mean "/metadata/labels/a"?',
    ],
  },
  'moves nothing into itself': {
    files: patch('[{op: move, from: /spec/template, path: /spec/template/spec/x}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:52: PATCH_FAILED: move "/spec/template" to "/spec/template/spec/x": nothing can be moved into itself.',
    ],
  },
  'changes no prototype': {
    files: patch('[{op: add, path: /__proto__/polluted, value: true}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:29: PATCH_FAILED: add "/__proto__/polluted": "__proto__" cannot be part of a path.',
    ],
  },
});

describeBadInput('A patch leaves as it is', {
  'the name': {
    files: patch('[{op: replace, path: /metadata/name, value: other}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:33: IDENTITY_CHANGED: "/metadata/name" is "web" and would become "other": a patch cannot change which object it is. Leave metadata.name as it is, or give these clusters an object of their own.',
    ],
  },
  'the kind': {
    files: patch('[{op: replace, path: /kind, value: StatefulSet}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:33: IDENTITY_CHANGED: "/kind" is "Deployment" and would become "StatefulSet": a patch cannot change which object it is. Leave kind as it is, or give these clusters an object of their own.',
    ],
  },
  'the apiVersion': {
    files: patch('[{op: replace, path: /apiVersion, value: apps/v2}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:33: IDENTITY_CHANGED: "/apiVersion" is "apps/v1" and would become "apps/v2": a patch cannot change which object it is. Leave apiVersion as it is, or give these clusters an object of their own.',
    ],
  },
  'the namespace': {
    files: patch('[{op: add, path: /metadata/namespace, value: other}]'),
    says: [
      'apps/web/overlays/slow.yaml:8:29: IDENTITY_CHANGED: "/metadata/namespace" is nothing and would become "other": a patch cannot change which object it is. Leave metadata.namespace as it is, or give these clusters an object of their own.',
    ],
  },
});

describeBadInput('The target of a patch', {
  'is there': {
    files: patch('[{op: remove, path: /spec/replicas}]', '{kind: Deployment, name: wbe}'),
    says: [
      'apps/web/overlays/slow.yaml:7:15: NO_TARGET: the patch for Deployment wbe matches no object of the app. Did you mean Deployment web?',
    ],
  },
  'is of a kind that is there': {
    files: patch('[{op: remove, path: /spec/replicas}]', '{kind: Deploymnt, name: web}'),
    says: [
      'apps/web/overlays/slow.yaml:7:15: NO_TARGET: the patch for Deploymnt web matches no object of the app. Did you mean Deployment web?',
    ],
  },
  'is in the namespace': {
    files: partial('eu', '{name: web, namespace: elsewhere}', '{paused: true}'),
    says: [
      'apps/web/overlays/eu/web.yaml:3:18: NO_TARGET: on eu: the patch for apps/v1 Deployment elsewhere/web matches no object of the app. The app has apps/v1 Deployment web in namespace "web".',
    ],
  },
  'names something': {
    files: patch('[{op: add, path: /metadata/annotations, value: {}}]', '{}'),
    says: ['apps/web/overlays/slow.yaml:7:15: BAD_VALUE: the target names nothing. Name at least a kind.'],
  },
  'may be several objects, which the Overlay asks for by a common trait': {
    files: patch('[{op: add, path: /metadata/annotations, value: {}}]', '{namespace: web}'),
    says: [],
  },
});

describeBadInput('A folder of patches', {
  'is named for a cluster': {
    files: partial('europe', '{name: web, namespace: web}', '{paused: true}'),
    says: [
      'apps/web/overlays/europe/web.yaml:1:1: UNKNOWN_NAME: overlay "europe": there is no cluster "europe". The fleet has: ap, eu, us.',
    ],
  },
  'may remove a field with null, and replace a list': {
    files: partial(
      'eu',
      '{name: web, namespace: web}',
      '{replicas: null, template: {spec: {containers: [{name: web, args: [a]}]}}}',
    ),
    says: [],
  },
});

function overlay(patches: string): TestFiles {
  return {
    'apps/web/overlays/slow.yaml': `apiVersion: muster.dev/v1alpha1
kind: Overlay
metadata: {name: slow}
spec:
  clusters: {all: true}
  patches: ${patches}
`,
  };
}

function patch(ops: string, target = '{kind: Deployment, name: web}'): TestFiles {
  return overlay(`\n    - target: ${target}\n      ops: ${ops}`);
}

function partial(folder: string, metadata: string, spec: string): TestFiles {
  return {
    [`apps/web/overlays/${folder}/web.yaml`]: `apiVersion: apps/v1\nkind: Deployment\nmetadata: ${metadata}\nspec: ${spec}\n`,
  };
}
