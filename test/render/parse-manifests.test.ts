import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BaseManifest } from '../../src/model/fleet.ts';
import { check, configOf, fleetWith, marked, type TestFiles } from '../support/fleet-files.ts';

/** The small fleet with this file in the place of the manifests of `web`. */
function only(path: string, content: string): TestFiles {
  return fleetWith({
    'apps/web/base/deployment.yaml': undefined,
    'apps/web/base/service.yaml': undefined,
    [path]: content,
  });
}

function manifests(path: string, content: string): readonly BaseManifest[] {
  return configOf(only(path, content)).apps.find(({ name }) => name === 'web')?.base ?? [];
}

const FILE = 'apps/web/base/all.yaml';

test('every document of a file is a manifest, and keeps its place', () => {
  const content = `# first
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
# nothing but a comment
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
`;
  assert.deepEqual(
    manifests(FILE, content).map(({ source }) => source),
    [
      { file: FILE, line: 2, column: 1, document: 0, pointer: '' },
      { file: FILE, line: 8, column: 1, document: 2, pointer: '' },
    ],
  );
});

test('a List is unfolded as kubectl does, lists within lists too, and each item keeps its line', () => {
  const content = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: a}
  - apiVersion: v1
    kind: ConfigMapList
    items:
      - {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
`;
  assert.deepEqual(
    manifests(FILE, content).map(({ source }) => source),
    [
      { file: FILE, line: 4, column: 5, document: 0, pointer: '/items/0' },
      { file: FILE, line: 10, column: 9, document: 0, pointer: '/items/1/items/0' },
    ],
  );
});

test('a mistake in an item of a List is reported in its own line', () => {
  const { text, place } = marked(`apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: a
      labels: {version: ‸1.10}
`);
  assert.deepEqual(check(only(FILE, text)), [
    `${FILE}:${place}: BAD_VALUE: the value of "version" is the number 1.1, and must be text. Put it in quotes.`,
  ]);
});

test('an empty List is no manifest and no mistake', () => {
  assert.deepEqual(manifests(FILE, 'apiVersion: v1\nkind: List\nitems: []\n'), []);
});

test('JSON files are manifests, and files of other names are not', () => {
  const json = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}';
  assert.equal(manifests('apps/web/base/a.json', json).length, 1);
  assert.equal(manifests('apps/web/base/deep/er/a.yml', json).length, 1);
  assert.equal(manifests('apps/web/base/a.txt', json).length, 0);
});

/** `‸` marks where the message points. */
const WRONG: readonly (readonly [content: string, expected: string])[] = [
  [
    '‸- a\n',
    'NOT_A_MANIFEST: the document is no map, so it is no Kubernetes object. Begin it with apiVersion, kind and metadata, or move the file out of the app.',
  ],
  [
    '‸text\n',
    'NOT_A_MANIFEST: the document is no map, so it is no Kubernetes object. Begin it with apiVersion, kind and metadata, or move the file out of the app.',
  ],
  [
    '‸kind: ConfigMap\nmetadata: {name: a}\n',
    'NOT_A_MANIFEST: apiVersion is missing or is no text, so this is no Kubernetes object. Set apiVersion.',
  ],
  [
    'apiVersion: ‸1\nkind: ConfigMap\nmetadata: {name: a}\n',
    'NOT_A_MANIFEST: apiVersion is missing or is no text, so this is no Kubernetes object. Set apiVersion.',
  ],
  [
    'apiVersion: ‸apps/v1/beta\nkind: ConfigMap\nmetadata: {name: a}\n',
    'NOT_A_MANIFEST: "apps/v1/beta" is no apiVersion. Write v1, or group/v1.',
  ],
  [
    '‸apiVersion: v1\nmetadata: {name: a}\n',
    'NOT_A_MANIFEST: kind is missing or is no text, so this is no Kubernetes object. Set kind.',
  ],
  [
    'apiVersion: v1\nkind: ‸[ConfigMap]\nmetadata: {name: a}\n',
    'NOT_A_MANIFEST: kind is missing or is no text, so this is no Kubernetes object. Set kind.',
  ],
  [
    '‸apiVersion: v1\nkind: ConfigMap\n',
    'NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: ‸null\n',
    'NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: ‸[]\n',
    'NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ‸}\n',
    'NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ‸42}\n',
    'NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
  ],
  [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ‸""}\n',
    'NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
  ],
];

test('a document that is no Kubernetes object is refused where it goes wrong', () => {
  for (const [content, expected] of WRONG) {
    const { text, place } = marked(content);
    assert.deepEqual(check(only(FILE, text)), [`${FILE}:${place}: ${expected}`], content);
  }
});

test('what looks like a credential is warned of where it stands, and never printed', () => {
  const key = ['-----BEGIN RSA', 'PRIVATE KEY-----'].join(' ');
  const aws = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
  const { text, place } = marked(`apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  tls.key: ‸|
    ${key}
    MIIEow
`);
  assert.deepEqual(check(only(FILE, text)), [
    `warning: ${FILE}:${place}: PLAIN_SECRET: this looks like a private key, in clear text. Use a sealed or external secret, and change what was committed.`,
  ]);
  const deployment = marked(`apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {selector: {}, template: {spec: {containers: [{name: a, env: [{name: KEY, value: ‸${aws}}]}]}}}
`);
  const lines = check(only(FILE, deployment.text));
  assert.deepEqual(lines, [
    `warning: ${FILE}:${deployment.place}: PLAIN_SECRET: this looks like an access key of AWS, in clear text. Use a sealed or external secret, and change what was committed.`,
  ]);
  assert.ok(!lines.join().includes(aws));
});
