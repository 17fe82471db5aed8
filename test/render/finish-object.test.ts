import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { isNamespaced } from '../../src/object/kinds.ts';
import { finishObject } from '../../src/render/finish-object.ts';
import { parseYaml } from '../../src/yaml.ts';
import { isObject } from '../../src/object/json.ts';

function read(text: string): JsonObject {
  const value = parseYaml(text).documents[0]?.value;
  assert.ok(isObject(value));
  return value;
}

function finish(text: string, defaultNamespace?: string): ReturnType<typeof finishObject> {
  const scope = (group: string, kind: string): boolean | undefined => isNamespaced({ group, kind });
  return finishObject(read(text), { isNamespaced: scope, defaultNamespace });
}

/** The object as it is applied. */
function finished(text: string, defaultNamespace?: string): JsonObject {
  const { object, problems } = finish(text, defaultNamespace);
  assert.ok(object, problems.map((each) => each.message).join('\n'));
  return object.body;
}

/** `error CODE /pointer message | help`. */
function problems(text: string, defaultNamespace?: string): readonly string[] {
  return finish(text, defaultNamespace).problems.map(({ severity, code, pointer, message, help }) =>
    [`${severity} ${code} ${pointer} ${message}`, ...(help === undefined ? [] : [help])].join(' | '),
  );
}

test('a namespaced object that names no namespace gets the default, behind its name', () => {
  assert.deepEqual(
    JSON.stringify(finished('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {b: c}}', 'shop')),
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop","labels":{"b":"c"}}}',
  );
});

test('its own namespace stays, and where none is known it is an error, never "default"', () => {
  assert.deepEqual(finished('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}', 'shop')['metadata'], {
    name: 'a',
    namespace: 'b',
  });
  assert.deepEqual(problems('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}'), [
    'error NO_NAMESPACE /metadata/namespace ConfigMap "a" names no namespace | Set metadata.namespace, spec.namespace of the app, or spec.defaults.namespace of the fleet.',
  ]);
});

test('a namespace of null is none, and is not sent', () => {
  assert.deepEqual(
    finished('apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: null, name: a}', 'shop')['metadata'],
    { name: 'a', namespace: 'shop' },
  );
  assert.deepEqual(
    finished('apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: null}', 'shop')['metadata'],
    { name: 'a' },
  );
});

test('a namespace that is no name is an error, not replaced by the default', () => {
  const cases: readonly (readonly [namespace: string, expected: string])[] = [
    [
      '42',
      'error BAD_VALUE /metadata/namespace metadata.namespace is the number 42, and must be text | Put it in quotes.',
    ],
    ['[a]', 'error BAD_VALUE /metadata/namespace metadata.namespace is a list, and must be text | Put it in quotes.'],
    [
      'Shop',
      'error BAD_NAME /metadata/namespace "Shop" is no name of a namespace | Use at most 63 lower-case letters, digits and "-".',
    ],
    [
      '""',
      'error BAD_NAME /metadata/namespace "" is no name of a namespace | Use at most 63 lower-case letters, digits and "-".',
    ],
    [
      'a'.repeat(64),
      `error BAD_NAME /metadata/namespace "${'a'.repeat(64)}" is no name of a namespace | Use at most 63 lower-case letters, digits and "-".`,
    ],
  ];
  for (const [namespace, expected] of cases)
    assert.deepEqual(
      problems(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ${namespace}}`, 'shop'),
      [expected],
    );
});

test('a cluster-scoped object gets no namespace, and one that names one is an error', () => {
  assert.deepEqual(finished('apiVersion: v1\nkind: Namespace\nmetadata: {name: a}', 'shop')['metadata'], { name: 'a' });
  assert.deepEqual(
    problems('apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a, namespace: b}'),
    [
      'error NAMESPACE_ON_CLUSTER_SCOPED /metadata/namespace ClusterRole is cluster-scoped, and this one names namespace "b" | Remove metadata.namespace.',
    ],
  );
});

test('where nobody knows the scope, the kind that was probably meant is suggested', () => {
  const own = (apiVersion: string, kind: string): string =>
    `Add its CustomResourceDefinition to the repository, or add {apiVersion: ${apiVersion}, kind: ${kind}, namespaced: true} or false to spec.kinds of fleet.yaml.`;
  const cases: readonly (readonly [apiVersion: string, kind: string, help: string])[] = [
    ['v1', 'Deployment', 'Did you mean Deployment of group "apps"?'],
    ['apps/v1', 'Deploymnet', 'Did you mean Deployment of group "apps"?'],
    ['apps/v1', 'Service', 'Did you mean Service of apiVersion v1?'],
    ['networking.k8s/v1', 'Ingress', 'Did you mean Ingress of group "networking.k8s.io"?'],
    ['v1', 'configmap', 'Did you mean ConfigMap of apiVersion v1?'],
    ['apps/v1', 'constructor', own('apps/v1', 'constructor')],
    // Somebody else's group: a kind of the same name is another kind.
    ['serving.knative.dev/v1', 'Service', own('serving.knative.dev/v1', 'Service')],
    ['example.com/v1', 'Widget', own('example.com/v1', 'Widget')],
  ];
  for (const [apiVersion, kind, help] of cases) {
    assert.deepEqual(problems(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}`, 'shop'), [
      `error UNKNOWN_SCOPE /kind nobody says whether ${kind} of "${apiVersion}" is namespaced | ${help}`,
    ]);
  }
});

const NAME_HELP = 'Use at most 253 lower-case letters, digits, "-" and ".".';

test('names are those that the kind can have', () => {
  const cases: readonly (readonly [apiVersion: string, kind: string, name: string, fits: boolean])[] = [
    ['v1', 'ConfigMap', 'a', true],
    ['v1', 'ConfigMap', 'kube-root-ca.crt', true],
    ['v1', 'ConfigMap', '0', true],
    ['v1', 'ConfigMap', 'My_Map', false],
    ['v1', 'ConfigMap', 'a..b', false],
    ['v1', 'ConfigMap', 'a-', false],
    ['v1', 'ConfigMap', 'a/b', false],
    ['v1', 'ConfigMap', 'a b', false],
    ['v1', 'ConfigMap', 'a'.repeat(254), false],
    ['apps/v1', 'Deployment', 'Web', false],
    // RBAC takes any text that fits a path.
    ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'system:Node', true],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'a%b', false],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole', '..', false],
  ];
  for (const [apiVersion, kind, name, fits] of cases) {
    const expected = fits
      ? []
      : [`error BAD_NAME /metadata/name "${name.slice(0, 80)}" is no name of an object | ${NAME_HELP}`];
    assert.deepEqual(
      problems(
        `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: "${name}"}`,
        kind === 'ClusterRole' ? undefined : 'shop',
      ),
      expected,
      name,
    );
  }
});

/** `metadata` of a ConfigMap with this in it. */
function withMetadata(more: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  ${more}\n`;
}

const LABEL_HELP = 'Use at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends.';
const KEY_HELP = 'Write name or prefix/name; the name has at most 63 letters, digits, "-", "_" and ".".';
const METADATA: readonly (readonly [metadata: string, expected: readonly string[]])[] = [
  ['labels: {app.kubernetes.io/name: web, a: "", "1": x_y.z-1}', []],
  ['labels: null', []],
  ['annotations: {example.com/any: "any text; with: signs\\nand lines"}', []],
  [
    'labels: {version: 1.10}',
    [
      'error BAD_VALUE /metadata/labels/version the value of "version" is the number 1.1, and must be text | Put it in quotes.',
    ],
  ],
  [
    'labels: {canary: true}',
    [
      'error BAD_VALUE /metadata/labels/canary the value of "canary" is the boolean true, and must be text | Put it in quotes.',
    ],
  ],
  [
    'labels: {a: null}',
    ['error BAD_VALUE /metadata/labels/a the value of "a" is empty, and must be text | Put it in quotes.'],
  ],
  [
    'labels: {a: {b: c}}',
    ['error BAD_VALUE /metadata/labels/a the value of "a" is a map, and must be text | Put it in quotes.'],
  ],
  ['labels: [a]', ['error BAD_VALUE /metadata/labels metadata.labels must be a map']],
  ['labels: {a: "b c"}', [`error BAD_VALUE /metadata/labels/a "b c" is no value of a label | ${LABEL_HELP}`]],
  ['labels: {a: -b}', [`error BAD_VALUE /metadata/labels/a "-b" is no value of a label | ${LABEL_HELP}`]],
  [
    `labels: {a: ${'x'.repeat(64)}}`,
    [`error BAD_VALUE /metadata/labels/a "${'x'.repeat(64)}" is no value of a label | ${LABEL_HELP}`],
  ],
  ['labels: {a/b/c: d}', [`error BAD_NAME /metadata/labels/a~1b~1c "a/b/c" is no key of a label | ${KEY_HELP}`]],
  ['labels: {"": d}', [`error BAD_NAME /metadata/labels/ "" is no key of a label | ${KEY_HELP}`]],
  [
    `labels: {${'x'.repeat(64)}: d}`,
    [`error BAD_NAME /metadata/labels/${'x'.repeat(64)} "${'x'.repeat(64)}" is no key of a label | ${KEY_HELP}`],
  ],
  [
    'labels: {Example.com/a: d}',
    [`error BAD_NAME /metadata/labels/Example.com~1a "Example.com/a" is no key of a label | ${KEY_HELP}`],
  ],
  [
    'annotations: {a: 5}',
    ['error BAD_VALUE /metadata/annotations/a the value of "a" is the number 5, and must be text | Put it in quotes.'],
  ],
  [
    'annotations: {a b: c}',
    [`error BAD_NAME /metadata/annotations/a b "a b" is no key of an annotation | ${KEY_HELP}`],
  ],
  [
    'labels: {applyset.kubernetes.io/part-of: mine}',
    [
      'error RESERVED_LABEL /metadata/labels/applyset.kubernetes.io~1part-of label "applyset.kubernetes.io/part-of" says who owns an object, and Muster sets it itself | Remove it.',
    ],
  ],
  [
    'labels: {applyset.kubernetes.io/id: mine}',
    [
      'error RESERVED_LABEL /metadata/labels/applyset.kubernetes.io~1id label "applyset.kubernetes.io/id" says who owns an object, and Muster sets it itself | Remove it.',
    ],
  ],
  [
    'generateName: a-',
    [
      'error NOT_DECLARATIVE /metadata/generateName generateName makes another object with each apply | Give the object a name.',
    ],
  ],
  [
    'deletionTimestamp: "2026-01-01T00:00:00Z"',
    [
      'error NOT_DECLARATIVE /metadata/deletionTimestamp an object cannot be applied as one that is being deleted | Remove it, or remove the object.',
    ],
  ],
  [
    'ownerReferences: [{name: x}]',
    [
      'error NOT_DECLARATIVE /metadata/ownerReferences ownerReferences name UIDs, which differ in every cluster | Remove them.',
    ],
  ],
  ['deletionTimestamp: null', []],
];

test('labels, annotations and other metadata are what Kubernetes takes, with the way out', () => {
  for (const [metadata, expected] of METADATA)
    assert.deepEqual(problems(withMetadata(metadata), 'shop'), expected, metadata);
});

test('labels of Pod templates are checked too: a version without quotes is a number there as well', () => {
  const deployment =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {metadata: {labels: {version: 2}}}}\n';
  assert.deepEqual(problems(deployment, 'shop'), [
    'error BAD_VALUE /spec/template/metadata/labels/version the value of "version" is the number 2, and must be text | Put it in quotes.',
  ]);
  const job =
    'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {template: {metadata: {annotations: {a: yes}}}}}}\n';
  assert.deepEqual(problems(job, 'shop'), [
    'error BAD_VALUE /spec/jobTemplate/spec/template/metadata/annotations/a the value of "a" is the boolean true, and must be text | Put it in quotes.',
  ]);
});

test('what only the API server sets is left out with a warning, and what generators write everywhere in silence', () => {
  const text = `apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  namespace: b
  uid: 1-2
  resourceVersion: "5"
  generation: 2
  selfLink: /x
  creationTimestamp: "2026-01-01T00:00:00Z"
  deletionGracePeriodSeconds: 30
  managedFields: []
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", keep: "yes"}
data: {status: kept}
status: {phase: Active}
`;
  assert.deepEqual(finished(text), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'b', annotations: { keep: 'yes' } },
    data: { status: 'kept' },
  });
  assert.deepEqual(
    problems(text).map((line) => line.split(' ').slice(0, 3).join(' ')),
    [
      'warning SERVER_FIELD /metadata/uid',
      'warning SERVER_FIELD /metadata/resourceVersion',
      'warning SERVER_FIELD /metadata/generation',
      'warning SERVER_FIELD /metadata/selfLink',
      'warning SERVER_FIELD /metadata/managedFields',
      'warning SERVER_FIELD /metadata/creationTimestamp',
      'warning SERVER_FIELD /metadata/deletionGracePeriodSeconds',
      'warning SERVER_FIELD /status',
      'warning SERVER_FIELD /metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration',
    ],
  );
  const generated =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: b, creationTimestamp: null}\nspec: {template: {metadata: {creationTimestamp: null, labels: {a: b}}}}\nstatus: {}\n';
  assert.deepEqual(problems(generated), []);
  assert.deepEqual(finished(generated), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a', namespace: 'b' },
    spec: { template: { metadata: { labels: { a: 'b' } } } },
  });
});

const SECRET_WARNING =
  'warning PLAIN_SECRET /kind Secret "a" stands in the repository in clear text | Use a sealed or external secret, and change what was committed.';

test('stringData of a Secret becomes data, so that a key that leaves Git leaves the cluster', () => {
  const text =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {kept: eA==}\nstringData: {password: "pä$$"}\n';
  assert.deepEqual(finished(text), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a', namespace: 'b' },
    data: { kept: 'eA==', password: 'cMOkJCQ=' },
  });
  assert.deepEqual(problems(text), [SECRET_WARNING]);
});

test('a key in data and in stringData is warned of, and stringData wins, as the API server has it', () => {
  const text =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {k: b2xk}\nstringData: {k: new}\n';
  assert.deepEqual(finished(text)['data'], { k: 'bmV3' });
  assert.deepEqual(problems(text), [
    SECRET_WARNING,
    'warning BAD_VALUE /stringData/k key "k" stands in data and in stringData; stringData wins | Remove one of them.',
  ]);
});

test('no value of a Secret stands in a message', () => {
  const text =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b, annotations: {pin: 4711}}\nstringData: {pin: 4711, flag: true, none: null}\n';
  const lines = problems(text);
  assert.deepEqual(lines, [
    'error BAD_VALUE /metadata/annotations/pin the value of "pin" is a number, and must be text | Put it in quotes.',
    SECRET_WARNING,
    'error BAD_VALUE /stringData/pin the value of "pin" is a number, and must be text | Put it in quotes.',
    'error BAD_VALUE /stringData/flag the value of "flag" is a boolean, and must be text | Put it in quotes.',
    'error BAD_VALUE /stringData/none the value of "none" is empty, and must be text | Put it in quotes.',
  ]);
  assert.ok(!lines.join().includes('4711'));
});

test('a Secret without data, and a Secret of somebody else, is no clear text', () => {
  assert.deepEqual(problems('apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {}\n'), []);
  assert.deepEqual(
    finish('apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n').problems.map(
      (each) => each.code,
    ),
    ['UNKNOWN_SCOPE'],
  );
});

test('kinds that can hardly be changed are warned of', () => {
  const cases: readonly (readonly [apiVersion: string, kind: string, expected: string])[] = [
    ['v1', 'Pod', 'a Pod cannot be changed, and is not replaced when its node is gone | Use a Deployment or a Job.'],
    ['apps/v1', 'ReplicaSet', 'a ReplicaSet does not replace its Pods when its template changes | Use a Deployment.'],
    [
      'v1',
      'ReplicationController',
      'a ReplicationController does not replace its Pods when its template changes | Use a Deployment.',
    ],
    [
      'batch/v1',
      'Job',
      'the template of a Job cannot be changed once it exists | Give the Job another name with each change, or use a CronJob.',
    ],
  ];
  for (const [apiVersion, kind, expected] of cases)
    assert.deepEqual(problems(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}`, 'b'), [
      `warning NOT_DECLARATIVE /kind ${expected}`,
    ]);
});

test('an object with an error is not given at all', () => {
  assert.equal(finish('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}', 'b').object, undefined);
});

test('its id has the group without the version', () => {
  assert.deepEqual(finish('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}', 'b').object?.id, {
    group: 'apps',
    kind: 'Deployment',
    namespace: 'b',
    name: 'a',
  });
});
