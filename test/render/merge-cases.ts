/** Merges that two tests look at: ours must give what is written here, and kustomize must too. */
import { parse } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';

export interface MergeCase {
  readonly name: string;
  readonly base: JsonObject;
  readonly patch: JsonObject;
  /** `deleted`: the object goes away. */
  readonly merged: JsonObject | 'deleted';
}

/** A Deployment whose pods are as the YAML says. */
export function deployment(pod: string): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { template: { spec: parse(pod) } },
  };
}

/** A Deployment with one container, which is as the YAML says. */
export function container(text: string): JsonObject {
  return deployment(`containers: [{name: app, ${text}}]`);
}

/** A Service with the ports that the YAML lists. */
export function service(ports: string): JsonObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: parse(ports) } };
}

/** An object of a kind that nobody described. */
export function widget(spec: string): JsonObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: parse(spec) };
}

/** A ConfigMap, with the rest of its metadata as the YAML says. */
export function configMap(metadata: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', ...parse(metadata) } };
}

/** The same in kustomize and here. */
export const AGREED: readonly MergeCase[] = [
  {
    name: 'maps merge, and a patch need not name the object',
    base: { ...container('image: a'), data: { kept: 1 } },
    patch: { spec: { replicas: 2 } },
    merged: { ...container('image: a'), spec: { ...spec(container('image: a')), replicas: 2 }, data: { kept: 1 } },
  },
  {
    name: 'false overrides true, zero and empty texts override what was there',
    base: widget('{paused: true, replicas: 3, note: x, list: [1]}'),
    patch: widget('{paused: false, replicas: 0, note: "", list: []}'),
    merged: widget('{paused: false, replicas: 0, note: "", list: []}'),
  },
  {
    name: 'null removes a field, and says nothing about a field that is not there',
    base: container('image: a, resources: {limits: {cpu: 1, memory: 1Gi}}'),
    patch: container('stdin: null, resources: {limits: {cpu: null}}'),
    merged: container('image: a, resources: {limits: {memory: 1Gi}}'),
  },
  {
    name: 'null removes a map and a list',
    base: deployment('{containers: [{name: app}], nodeSelector: {a: b}, hostAliases: [{ip: 1.1.1.1}]}'),
    patch: deployment('{nodeSelector: null, hostAliases: null}'),
    merged: deployment('{containers: [{name: app}]}'),
  },
  {
    name: 'nulls in a map that the patch adds are not added',
    base: deployment('{}'),
    patch: deployment('{securityContext: {runAsUser: null, seLinuxOptions: {level: null}, fsGroup: 1}}'),
    merged: deployment('{securityContext: {seLinuxOptions: {}, fsGroup: 1}}'),
  },
  {
    name: 'a null of the base stays until the patch says something',
    base: deployment('{containers: [{name: app, stdin: null}], nodeSelector: null, priority: null}'),
    patch: deployment('{nodeSelector: {a: b}}'),
    merged: deployment('{containers: [{name: app, stdin: null}], nodeSelector: {a: b}, priority: null}'),
  },
  {
    name: 'items merge by their key, those of the patch first',
    base: deployment('containers: [{name: a, image: a:1}, {name: b, image: b:1}, {name: c, image: c:1}]'),
    patch: deployment('containers: [{name: c, image: c:2}, {name: new, image: n:1}]'),
    merged: deployment(`containers:
      - {name: c, image: c:2}
      - {name: new, image: n:1}
      - {name: a, image: a:1}
      - {name: b, image: b:1}`),
  },
  {
    name: 'lists in items merge too',
    base: container('env: [{name: A, value: "1"}, {name: B, value: "2"}], volumeMounts: [{name: x, mountPath: /x}]'),
    patch: container(
      'env: [{name: B, value: "3"}], volumeMounts: [{name: y, mountPath: /x}, {name: z, mountPath: /z}]',
    ),
    merged: container(
      'env: [{name: B, value: "3"}, {name: A, value: "1"}], volumeMounts: [{name: y, mountPath: /x}, {name: z, mountPath: /z}]',
    ),
  },
  {
    name: 'an environment variable keeps the fields that the patch does not name',
    base: container('env: [{name: A, value: "1"}]'),
    patch: container('env: [{name: A, value: null, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]'),
    merged: container('env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]'),
  },
  {
    name: 'lists whose items nothing tells apart are replaced',
    base: deployment('{containers: [{name: app, args: [a, b]}], tolerations: [{key: a}, {key: b}]}'),
    patch: deployment('{containers: [{name: app, args: [c]}], tolerations: [{key: c, operator: null}]}'),
    merged: deployment('{containers: [{name: app, args: [c]}], tolerations: [{key: c, operator: null}]}'),
  },
  {
    name: 'an empty list changes nothing where items merge, and empties a list that is replaced',
    base: deployment('{containers: [{name: app}], tolerations: [{key: a}]}'),
    patch: deployment('{containers: [], tolerations: []}'),
    merged: deployment('{containers: [{name: app}], tolerations: []}'),
  },
  {
    name: 'an empty map changes nothing',
    base: deployment('{securityContext: {fsGroup: 1}}'),
    patch: deployment('{securityContext: {}}'),
    merged: deployment('{securityContext: {fsGroup: 1}}'),
  },
  {
    name: '$patch: delete removes an item',
    base: deployment('{containers: [{name: a}, {name: b}], volumes: [{name: v}]}'),
    patch: deployment('{containers: [{name: b, $patch: delete}], volumes: [{name: v, $patch: delete}]}'),
    merged: deployment('{containers: [{name: a}], volumes: []}'),
  },
  {
    name: '$patch: delete of an item that is not there changes nothing',
    base: deployment('containers: [{name: a}]'),
    patch: deployment('containers: [{name: b, $patch: delete}]'),
    merged: deployment('containers: [{name: a}]'),
  },
  {
    name: '$patch: delete removes a map, there or not',
    base: deployment('{securityContext: {fsGroup: 1}, containers: []}'),
    patch: deployment('{securityContext: {$patch: delete}, affinity: {$patch: delete, nodeAffinity: {}}}'),
    merged: deployment('{containers: []}'),
  },
  {
    name: '$patch: delete in a list removes the list',
    base: deployment('{containers: [{name: a}], volumes: [{name: v}]}'),
    patch: deployment('{volumes: [{$patch: delete}]}'),
    merged: deployment('{containers: [{name: a}]}'),
  },
  {
    name: '$patch: replace puts a map in the place of another',
    base: deployment('{securityContext: {fsGroup: 1, runAsUser: 2}}'),
    patch: deployment('{securityContext: {$patch: replace, runAsGroup: 3, runAsUser: null}}'),
    merged: deployment('{securityContext: {runAsGroup: 3}}'),
  },
  {
    name: '$patch: replace puts a map where there was none',
    base: deployment('{}'),
    patch: deployment('{securityContext: {$patch: replace, runAsGroup: 3}}'),
    merged: deployment('{securityContext: {runAsGroup: 3}}'),
  },
  {
    name: '$patch: replace in a list puts its items in the place of the base’s, wherever it stands',
    base: deployment('{containers: [{name: a, image: a}, {name: b}], initContainers: [{name: i}]}'),
    patch: deployment('{containers: [{$patch: replace}, {name: a}], initContainers: [{name: j}, {$patch: replace}]}'),
    merged: deployment('{containers: [{name: a}], initContainers: [{name: j}]}'),
  },
  {
    name: '$patch: merge is what happens anyway',
    base: deployment('{securityContext: {fsGroup: 1}, containers: [{name: a, image: a}]}'),
    patch: deployment('{securityContext: {$patch: merge, runAsUser: 2}, containers: [{$patch: merge}, {name: b}]}'),
    merged: deployment('{securityContext: {fsGroup: 1, runAsUser: 2}, containers: [{name: b}, {name: a, image: a}]}'),
  },
  {
    name: '$patch: delete on the object removes it',
    base: container('image: a'),
    patch: { $patch: 'delete' },
    merged: 'deleted',
  },
  {
    name: 'metadata can go, but never the name',
    base: configMap('{labels: {a: b}, annotations: {c: d}}'),
    patch: { metadata: { name: 'c', labels: null, annotations: { $patch: 'replace', e: 'f' } } },
    merged: configMap('{annotations: {e: f}}'),
  },
  {
    name: 'finalizers are a set, those of the patch first',
    base: configMap('{finalizers: [a/a, b/b]}'),
    patch: configMap('{finalizers: [c/c, b/b]}'),
    merged: configMap('{finalizers: [c/c, b/b, a/a]}'),
  },
  {
    name: '$patch: replace in a set puts its items in the place of the base’s',
    base: configMap('{finalizers: [a/a, b/b]}'),
    patch: configMap('{finalizers: [{$patch: replace}, c/c]}'),
    merged: configMap('{finalizers: [c/c]}'),
  },
  {
    name: 'owners merge by uid',
    base: configMap('{ownerReferences: [{uid: "1", name: a}, {uid: "2", name: b}]}'),
    patch: configMap('{ownerReferences: [{uid: "2", controller: true}]}'),
    merged: configMap('{ownerReferences: [{uid: "2", name: b, controller: true}, {uid: "1", name: a}]}'),
  },
  {
    name: 'ports without a protocol merge by port, those of the patch first',
    base: service('[{port: 80, name: a}, {port: 81, name: b}]'),
    patch: service('[{port: 81, targetPort: 1}, {port: 82}]'),
    merged: service('[{port: 81, name: b, targetPort: 1}, {port: 82}, {port: 80, name: a}]'),
  },
  {
    name: 'ports with a protocol merge by both, and only new ones come first',
    base: service('[{port: 53, protocol: TCP, name: a}, {port: 53, protocol: UDP, name: b}]'),
    patch: service('[{port: 53, protocol: UDP, targetPort: 5353}, {port: 80, protocol: TCP}]'),
    merged: service(
      '[{port: 80, protocol: TCP}, {port: 53, protocol: TCP, name: a}, {port: 53, protocol: UDP, name: b, targetPort: 5353}]',
    ),
  },
  {
    name: 'a port of a base that gives only some protocols merges where patch and base say the same',
    base: service('[{port: 53, name: a}, {port: 53, protocol: UDP, name: b}]'),
    patch: service('[{port: 53, protocol: UDP, targetPort: 5353}, {port: 80}]'),
    merged: service('[{port: 80}, {port: 53, name: a}, {port: 53, protocol: UDP, name: b, targetPort: 5353}]'),
  },
  {
    name: 'one of two ports with the same number is deleted by number and protocol',
    base: service('[{port: 53, protocol: TCP, name: a}, {port: 53, protocol: UDP, name: b}]'),
    patch: service('[{port: 53, protocol: UDP, $patch: delete}]'),
    merged: service('[{port: 53, protocol: TCP, name: a}]'),
  },
  {
    name: 'ports of containers merge by containerPort and protocol',
    base: container('ports: [{containerPort: 80, name: a}]'),
    patch: container('ports: [{containerPort: 80, name: b}, {containerPort: 81}]'),
    merged: container('ports: [{containerPort: 80, name: b}, {containerPort: 81}]'),
  },
  {
    name: 'topology spread constraints merge by key and what is done when they cannot hold',
    base: deployment('topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 1}]'),
    patch: deployment(`topologySpreadConstraints:
      - {topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 2}
      - {topologyKey: z, whenUnsatisfiable: ScheduleAnyway, maxSkew: 3}`),
    merged: deployment(`topologySpreadConstraints:
      - {topologyKey: z, whenUnsatisfiable: ScheduleAnyway, maxSkew: 3}
      - {topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 2}`),
  },
  {
    name: 'keys are compared as they are written, a number like a text',
    base: container('volumeMounts: [{mountPath: 1, name: a}]'),
    patch: container('volumeMounts: [{mountPath: "1", readOnly: true}]'),
    merged: container('volumeMounts: [{mountPath: "1", name: a, readOnly: true}]'),
  },
  {
    name: 'the lists of a kind that nobody described are replaced, directives in whole objects and all',
    base: {
      ...widget('{containers: [{name: a}], map: {a: 1}}'),
      metadata: { name: 'w', finalizers: ['a/a'] },
    },
    patch: {
      metadata: { finalizers: ['b/b'] },
      spec: {
        containers: [{ name: 'b' }],
        map: { b: 2 },
        patches: [{ apiVersion: 'v1', kind: 'Pod', $patch: 'delete' }],
      },
    },
    merged: {
      ...widget('{containers: [{name: b}], map: {a: 1, b: 2}, patches: [{apiVersion: v1, kind: Pod, $patch: delete}]}'),
      metadata: { name: 'w', finalizers: ['b/b'] },
    },
  },
  {
    name: 'an object inside a custom resource merges as its own kind does',
    base: widget('{manifest: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a}]}}, template: {}}'),
    patch: widget(`{
      manifest: {spec: {containers: [{name: b}]}},
      template: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, $patch: delete}, {name: b, tty: null}]}}}`),
    merged: widget(`{
      manifest: {apiVersion: v1, kind: Pod, spec: {containers: [{name: b}, {name: a}]}},
      template: {apiVersion: v1, kind: Pod, spec: {containers: [{name: b}]}}}`),
  },
  {
    name: 'a list that the patch adds is cleaned like a list that it merges',
    base: deployment('{}'),
    patch: deployment('containers: [{name: a, $patch: delete}, {name: b, image: null, env: [{name: A, value: null}]}]'),
    merged: deployment('containers: [{name: b, env: [{name: A}]}]'),
  },
];

/** What kustomize does otherwise, each for a reason. */
export const DIFFERENT: readonly {
  readonly name: string;
  readonly base: JsonObject;
  readonly patch: JsonObject;
  /** What kustomize 5.5 makes of it. */
  readonly kustomize: JsonObject;
  /** What we make of it; a text: the start of the problem's message. */
  readonly ours: JsonObject | string;
  readonly reason: string;
}[] = [
  {
    name: '$patch: replace on an item',
    base: deployment('containers: [{name: a, image: a:1}, {name: b, image: b:1, tty: true}]'),
    patch: deployment('containers: [{name: b, $patch: replace, image: b:2}]'),
    kustomize: deployment('containers: [{name: b, image: b:1, tty: true}, {name: a, image: a:1}]'),
    ours: deployment('containers: [{name: b, image: b:2}, {name: a, image: a:1}]'),
    reason: 'kustomize loses the patch; we do what it says',
  },
  {
    name: '$patch: replace on the object',
    base: { ...configMap('{labels: {a: b}, finalizers: [c/c]}'), data: { a: '1' } },
    patch: { $patch: 'replace', data: { b: '2' } },
    kustomize: { ...configMap('{labels: {a: b}, finalizers: [c/c]}'), data: { a: '1' } },
    ours: { ...configMap('{}'), data: { b: '2' } },
    reason: 'kustomize loses the patch; we do what it says, and the object keeps its name',
  },
  {
    name: '$patch: replace in a list that the base does not have',
    base: deployment('{}'),
    patch: deployment('containers: [{$patch: replace}, {name: a}]'),
    kustomize: deployment('containers: [{$patch: replace}]'),
    ours: deployment('containers: [{name: a}]'),
    reason: 'kustomize keeps the directive and loses the items',
  },
  {
    name: '$patch: delete in a list that the base does not have',
    base: deployment('{}'),
    patch: deployment('volumes: [{$patch: delete}]'),
    kustomize: deployment('volumes: [{$patch: delete}]'),
    ours: deployment('{}'),
    reason: 'kustomize keeps the directive',
  },
  {
    name: 'items beside $patch: delete',
    base: deployment('containers: [{name: a}]'),
    patch: deployment('containers: [{$patch: delete}, {name: b}]'),
    kustomize: deployment('{}'),
    ours: '"/spec/template/spec/containers/1" is lost',
    reason: 'kustomize loses the items',
  },
  {
    name: 'an item without its key',
    base: deployment('containers: [{name: a}]'),
    patch: deployment('containers: [{image: b}]'),
    kustomize: deployment('containers: []'),
    ours: '"/spec/template/spec/containers/0" has no "name", by which the items of this list are matched',
    reason: 'kustomize loses the item, and the items of the base with it',
  },
  {
    name: 'two items with one key in the patch',
    base: container('env: [{name: A, value: "1"}]'),
    patch: container('env: [{name: A, value: "2"}, {name: A, value: "3"}]'),
    kustomize: container('env: [{name: A, value: "2"}]'),
    ours: '"/spec/template/spec/containers/0/env/1" is a second item with name "A"',
    reason: 'kustomize loses the second item',
  },
  {
    name: 'two items with one key in the base',
    base: container('env: [{name: A, value: "1"}, {name: A, value: "2"}]'),
    patch: container('env: [{name: A, value: "3"}]'),
    kustomize: container('env: [{name: A, value: "2"}]'),
    ours: '"/spec/template/spec/containers/0/env/0" matches 2 items of the base, all with name "A"',
    reason: 'kustomize loses the patch',
  },
  {
    name: 'two items with one key in a list that the patch does not touch',
    base: container('env: [{name: A, value: "1"}, {name: B, value: $(A)}, {name: A, value: "2"}]'),
    patch: container('image: b'),
    kustomize: container('env: [{name: A, value: "2"}, {name: B, value: $(A)}], image: b'),
    ours: container('env: [{name: A, value: "1"}, {name: B, value: $(A)}, {name: A, value: "2"}], image: b'),
    reason: 'what a patch does not name, it does not change',
  },
  {
    name: 'an empty item in a list that the patch does not touch',
    base: container('env: [{}]'),
    patch: container('image: b'),
    kustomize: container('env: [], image: b'),
    ours: container('env: [{}], image: b'),
    reason: 'what a patch does not name, it does not change',
  },
  {
    name: 'a port without protocol for a TCP port',
    base: service('[{port: 80, protocol: TCP, name: a}]'),
    patch: service('[{port: 80, targetPort: 8080}]'),
    kustomize: service('[{port: 80, protocol: TCP, name: a}]'),
    ours: service('[{port: 80, protocol: TCP, name: a, targetPort: 8080}]'),
    reason: 'kustomize loses the patch; to Kubernetes an absent protocol is TCP',
  },
  {
    name: 'a TCP port for a port without protocol',
    base: service('[{port: 80, name: a}]'),
    patch: service('[{port: 80, protocol: TCP, targetPort: 8080}]'),
    kustomize: service('[{port: 80, name: a}]'),
    ours: service('[{port: 80, protocol: TCP, name: a, targetPort: 8080}]'),
    reason: 'kustomize loses the patch; to Kubernetes an absent protocol is TCP',
  },
  {
    name: 'a UDP port for a port without protocol',
    base: service('[{port: 53, name: a}]'),
    patch: service('[{port: 53, protocol: UDP, name: b}]'),
    kustomize: service('[{port: 53, name: a}]'),
    ours: service('[{port: 53, protocol: UDP, name: b}, {port: 53, name: a}]'),
    reason: 'kustomize loses the patch; they are two ports',
  },
  {
    name: 'a port without protocol for a UDP port',
    base: service('[{port: 53, protocol: UDP, name: a}]'),
    patch: service('[{port: 53, targetPort: 5353}]'),
    kustomize: service('[{port: 53, protocol: UDP, name: a}]'),
    ours: '"/spec/ports/0" leaves out "protocol", and the base has it as port "53" and protocol "UDP"',
    reason: 'kustomize loses the patch; whether it means the UDP port nobody can tell',
  },
  {
    name: 'one of several keys missing',
    base: deployment('topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 1}]'),
    patch: deployment('topologySpreadConstraints: [{topologyKey: z, maxSkew: 2}]'),
    kustomize: deployment(
      'topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 1}]',
    ),
    ours: '"/spec/template/spec/topologySpreadConstraints/0" has no "whenUnsatisfiable", by which the items of this list',
    reason: 'kustomize loses the patch',
  },
  {
    name: 'a directive in a list that is replaced',
    base: deployment('tolerations: [{key: a}, {key: b}]'),
    patch: deployment('tolerations: [{key: a, $patch: delete}]'),
    kustomize: deployment('tolerations: [{key: a, $patch: delete}]'),
    ours: '"/spec/template/spec/tolerations/0/$patch" does nothing here',
    reason: 'kustomize writes the directive into the object',
  },
  {
    name: 'a misspelt directive',
    base: deployment('securityContext: {fsGroup: 1}'),
    patch: deployment('securityContext: {$path: delete}'),
    kustomize: deployment('securityContext: {fsGroup: 1, $path: delete}'),
    ours: '"/spec/template/spec/securityContext/$path" is not a directive',
    reason: 'kustomize writes the directive into the object',
  },
  {
    name: '$setElementOrder',
    base: deployment('containers: [{name: a}, {name: b}]'),
    patch: deployment('{$setElementOrder/containers: [{name: a}, {name: b}], containers: [{name: b, tty: true}]}'),
    kustomize: deployment(
      '{$setElementOrder/containers: [{name: a}, {name: b}], containers: [{name: b, tty: true}, {name: a}]}',
    ),
    ours: deployment('{containers: [{name: a}, {name: b, tty: true}]}'),
    reason: 'kustomize writes the directive into the object; we do what Kubernetes does',
  },
  {
    name: '$deleteFromPrimitiveList',
    base: configMap('{finalizers: [a/a, b/b]}'),
    patch: configMap('{$deleteFromPrimitiveList/finalizers: [a/a]}'),
    kustomize: configMap('{finalizers: [a/a, b/b], $deleteFromPrimitiveList/finalizers: [a/a]}'),
    ours: configMap('{finalizers: [b/b]}'),
    reason: 'kustomize writes the directive into the object; we do what Kubernetes does',
  },
  {
    name: '$retainKeys',
    base: deployment('volumes: [{name: v, emptyDir: {}}]'),
    patch: deployment('volumes: [{name: v, $retainKeys: [name, hostPath], hostPath: {path: /x}}]'),
    kustomize: deployment('volumes: [{name: v, emptyDir: {}, $retainKeys: [name, hostPath], hostPath: {path: /x}}]'),
    ours: deployment('volumes: [{name: v, hostPath: {path: /x}}]'),
    reason: 'kustomize writes the directive into the object; we do what Kubernetes does',
  },
  {
    name: 'a number in the place of a text',
    base: service('[{port: 80, targetPort: "http"}]'),
    patch: service('[{port: 80, targetPort: 8080}]'),
    kustomize: service('[{port: 80, targetPort: "8080"}]'),
    ours: service('[{port: 80, targetPort: 8080}]'),
    reason: 'kustomize keeps the quotes that the base has around it, and so calls a number a name',
  },
  {
    name: 'a list that came after Kubernetes 1.21',
    base: deployment('schedulingGates: [{name: a}]'),
    patch: deployment('schedulingGates: [{name: b}]'),
    kustomize: deployment('schedulingGates: [{name: b}]'),
    ours: deployment('schedulingGates: [{name: b}, {name: a}]'),
    reason: 'kustomize has the schema of Kubernetes 1.21; this is what the API server does',
  },
  {
    name: 'a kind that came after Kubernetes 1.21',
    base: { ...autoscaler(), metadata: { name: 'a', finalizers: ['a/a'] } },
    patch: { metadata: { finalizers: ['b/b'] } },
    kustomize: { ...autoscaler(), metadata: { name: 'a', finalizers: ['b/b'] } },
    ours: { ...autoscaler(), metadata: { name: 'a', finalizers: ['b/b', 'a/a'] } },
    reason: 'kustomize has the schema of Kubernetes 1.21; this is what the API server does',
  },
];

/** Refused in kustomize and here. */
export const REFUSED: readonly {
  readonly name: string;
  readonly base: JsonObject;
  readonly patch: JsonObject;
  /** Part of what kustomize says. */
  readonly kustomize: string;
  readonly ours: string;
}[] = [
  {
    name: 'a plain value for a map',
    base: deployment('securityContext: {fsGroup: 1}'),
    patch: deployment('securityContext: x'),
    kustomize: 'wrong node kind: expected MappingNode but got ScalarNode',
    ours: '"/spec/template/spec/securityContext" is a plain value, but the base has a map there',
  },
  {
    name: 'a list for a map',
    base: deployment('securityContext: {fsGroup: 1}'),
    patch: deployment('securityContext: []'),
    kustomize: 'wrong node kind: expected MappingNode but got SequenceNode',
    ours: '"/spec/template/spec/securityContext" is a list, but the base has a map there',
  },
  {
    name: 'a map for a list',
    base: deployment('containers: [{name: a}]'),
    patch: deployment('containers: {name: a}'),
    kustomize: 'wrong node kind: expected SequenceNode but got MappingNode',
    ours: '"/spec/template/spec/containers" is a map, but the base has a list there',
  },
  {
    name: 'a map for a plain value, even one that takes it away',
    base: deployment('priority: 1'),
    patch: deployment('priority: {$patch: delete}'),
    kustomize: 'wrong node kind: expected ScalarNode but got MappingNode',
    ours: '"/spec/template/spec/priority" is a map, but the base has a plain value there',
  },
  {
    name: 'a directive that there is not',
    base: deployment('containers: [{name: a}]'),
    patch: deployment('containers: [{name: a, $patch: remove}]'),
    kustomize: "unknown patch strategy 'remove'",
    ours: '"/spec/template/spec/containers/0/$patch" does not say what to do',
  },
];

/** What kustomize does not know and `kubectl patch --type strategic` does. */
export const BEYOND: readonly MergeCase[] = [
  {
    name: '$setElementOrder puts the items that it names in order',
    base: pod('containers: [{name: a}, {name: b}, {name: c}]'),
    patch: {
      spec: parse(
        '{$setElementOrder/containers: [{name: c}, {name: a}, {name: b}], containers: [{name: a, tty: true}]}',
      ),
    },
    merged: pod('containers: [{name: c}, {name: a, tty: true}, {name: b}]'),
  },
  {
    name: '$setElementOrder leaves items that it does not name where they were',
    base: pod('containers: [{name: s1}, {name: a}, {name: s2}, {name: b}, {name: s3}]'),
    patch: { spec: parse('{$setElementOrder/containers: [{name: b}, {name: a}], containers: [{name: a, tty: true}]}') },
    merged: pod('containers: [{name: s1}, {name: s2}, {name: b}, {name: a, tty: true}, {name: s3}]'),
  },
  {
    name: '$setElementOrder places new items',
    base: pod('containers: [{name: s1}, {name: a}, {name: s2}]'),
    patch: {
      spec: parse(
        '{$setElementOrder/containers: [{name: n}, {name: a}, {name: m}], containers: [{name: n}, {name: m}]}',
      ),
    },
    merged: pod('containers: [{name: n}, {name: s1}, {name: a}, {name: m}, {name: s2}]'),
  },
  {
    name: '$setElementOrder orders a list that the patch does not touch, and knows no deleted items',
    base: pod('{containers: [{name: a}, {name: b}, {name: c}], initContainers: [{name: a}, {name: b}]}'),
    patch: {
      spec: parse(`{
        $setElementOrder/containers: [{name: c}, {name: gone}, {name: a}],
        $setElementOrder/initContainers: [{name: a}],
        initContainers: [{name: b, $patch: delete}]}`),
    },
    merged: pod('{containers: [{name: b}, {name: c}, {name: a}], initContainers: [{name: a}]}'),
  },
  {
    name: '$setElementOrder orders finalizers',
    base: { ...pod('{}'), metadata: { name: 'p', finalizers: ['a/a', 'b/b', 'c/c'] } },
    patch: { metadata: { '$setElementOrder/finalizers': ['c/c', 'z/z', 'a/a'], finalizers: ['z/z'] } },
    merged: { ...pod('{}'), metadata: { name: 'p', finalizers: ['b/b', 'c/c', 'z/z', 'a/a'] } },
  },
  {
    name: '$deleteFromPrimitiveList takes values out before others come in',
    base: { ...pod('containers: [{name: a, args: [x, y]}]'), metadata: { name: 'p', finalizers: ['a/a', 'b/b'] } },
    patch: {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['b/b'], finalizers: ['z/z'] },
      spec: { containers: [{ name: 'a', '$deleteFromPrimitiveList/args': ['x'] }] },
    },
    merged: { ...pod('containers: [{name: a, args: [y]}]'), metadata: { name: 'p', finalizers: ['z/z', 'a/a'] } },
  },
  {
    name: '$deleteFromPrimitiveList leaves an empty list, and makes none',
    base: { ...pod('{}'), metadata: { name: 'p', finalizers: ['a/a'] } },
    patch: {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a/a'] },
      spec: { '$deleteFromPrimitiveList/none': ['x'] },
    },
    merged: { ...pod('{}'), metadata: { name: 'p', finalizers: [] } },
  },
  {
    name: '$retainKeys drops the fields that it does not list',
    base: pod('{volumes: [{name: v, emptyDir: {}}], securityContext: {runAsUser: 1, fsGroup: 2}}'),
    patch: {
      spec: parse(`{
        volumes: [{name: v, $retainKeys: [name, hostPath], hostPath: {path: /x}}],
        securityContext: {$retainKeys: [fsGroup, runAsGroup], runAsGroup: 3}}`),
    },
    merged: pod('{volumes: [{name: v, hostPath: {path: /x}}], securityContext: {fsGroup: 2, runAsGroup: 3}}'),
  },
];

function pod(text: string): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: parse(text) };
}

function spec(object: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(object['spec']));
}

function autoscaler(): JsonObject {
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 3 } };
}
