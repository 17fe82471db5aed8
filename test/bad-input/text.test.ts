/** Bytes and YAML that are not as they should be (bad input, 4.3, and 13 and 17 of 4.2). */
import { configMap, describeBadInput } from './support.ts';

const FILE = 'apps/web/base/x.yaml';

describeBadInput('A file whose bytes are no text', {
  'with a byte order mark at its begin is read': {
    files: { [FILE]: `\uFEFF${configMap('x')}` },
    says: [],
  },
  'with a byte order mark before a later document is refused there': {
    files: { [FILE]: `${configMap('x')}---\n\uFEFF${configMap('y')}` },
    says: [
      'apps/web/base/x.yaml:5:1: NOT_TEXT: a byte order mark (U+FEFF) stands inside the file, where nobody can see it. Remove it; it is left behind when files are joined.',
    ],
  },
  'with a byte order mark before a key is refused there': {
    files: { [FILE]: configMap('x', 'data:\n  \uFEFFb: c\n') },
    says: [
      'apps/web/base/x.yaml:5:3: NOT_TEXT: a byte order mark (U+FEFF) stands inside the file, where nobody can see it. Remove it; it is left behind when files are joined.',
    ],
  },
  'that is no UTF-8 is refused with the byte': {
    files: { [FILE]: Buffer.from(configMap('x', 'data: {a: "\xff"}\n'), 'latin1') },
    says: ['apps/web/base/x.yaml:4:12: NOT_TEXT: the file is not UTF-8 at byte 78. Save the file as UTF-8.'],
  },
  'that is UTF-16 is refused': {
    files: { [FILE]: Buffer.from(configMap('x'), 'utf16le') },
    says: [
      'apps/web/base/x.yaml:1:2: NOT_TEXT: the file holds NUL bytes: it is binary, or UTF-16. Save the file as UTF-8.',
    ],
  },
  'whose lines end with CR alone is refused': {
    files: { [FILE]: configMap('x').replaceAll('\n', '\r') },
    says: ['apps/web/base/x.yaml:1:15: YAML_SYNTAX: a line ends with CR alone. End lines with LF or CR LF.'],
  },
  'whose lines end with CR LF is read': {
    files: { [FILE]: configMap('x').replaceAll('\n', '\r\n') },
    says: [],
  },
  'that is a pointer of Git LFS is refused': {
    files: {
      [FILE]: `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d7a2146'.repeat(8)}\nsize 12345\n`,
    },
    says: [
      'apps/web/base/x.yaml:1:1: LFS_POINTER: the file is a Git LFS pointer, not its content. Commit the file itself: remove it from .gitattributes and add it again.',
    ],
  },
});

describeBadInput('A file whose text is no YAML', {
  'because a merge conflict was committed': {
    files: { [FILE]: configMap('x', 'data:\n<<<<<<< HEAD\n  a: b\n=======\n  a: c\n>>>>>>> other\n') },
    says: [
      'apps/web/base/x.yaml:5:1: CONFLICT_MARKER: a merge conflict was committed with its markers. Resolve it and remove the markers.',
    ],
  },
  'because a tab indents a line': {
    files: { [FILE]: configMap('x', 'data:\n\ta: b\n') },
    says: [
      'apps/web/base/x.yaml:5:1: YAML_SYNTAX: a tab indents this line, and YAML indents with spaces only. Replace the tab with spaces.',
    ],
  },
  'because a quote stays open, also within a bracket': {
    files: { [FILE]: configMap('x', 'data: {a: "b}\n') },
    says: [
      'apps/web/base/x.yaml:4:11: YAML_SYNTAX: the " that opens here is never closed. Add the closing quote; indent further lines deeper than the key.',
    ],
  },
  'because a bracket is closed by another one': {
    files: { [FILE]: configMap('x', 'data: {a: [b}\n') },
    says: [
      'apps/web/base/x.yaml:4:11: YAML_SYNTAX: the [ that opens here is never closed. Add the ], on a line that is indented deeper than the key.',
    ],
  },
  'because it is a template': {
    files: { [FILE]: configMap('x', 'data: {a: {{ .Values.a }}}\n') },
    says: [
      'apps/web/base/x.yaml:4:11: TEMPLATE_IN_PLAIN_FILE: this file is a template ({{ … }}), and files here are plain YAML. Render it first, put it into a Helm chart, or use ${vars.NAME}; quote the value if the braces belong to it.',
    ],
  },
});

describeBadInput('YAML without a value that Kubernetes could take', {
  'for an alias without any anchor': {
    files: { [FILE]: configMap('x', 'data:\n  a: *b\n') },
    says: [
      'apps/web/base/x.yaml:5:6: YAML_VALUE: no anchor of this name stands before this alias. Quote the value if the * belongs to it.',
    ],
  },
  'for an alias whose anchor is another': {
    files: { [FILE]: configMap('x', 'data:\n  c: &c d\n  a: *b\n') },
    says: [
      'apps/web/base/x.yaml:6:6: YAML_VALUE: no anchor of this name stands before this alias. Quote the value if the * belongs to it.',
    ],
  },
  'for keys that are no text': {
    files: { [FILE]: configMap('x', 'data:\n  1: a\n  true: b\n  null: c\n') },
    says: [
      'apps/web/base/x.yaml:5:3: YAML_VALUE: the key "1" is a number, a boolean or null; keys must be text. Quote it: "1".',
      'apps/web/base/x.yaml:6:3: YAML_VALUE: the key "true" is a number, a boolean or null; keys must be text. Quote it: "true".',
      'apps/web/base/x.yaml:7:3: YAML_VALUE: the key "null" is a number, a boolean or null; keys must be text. Quote it: "null".',
    ],
  },
  'for a list as a key': {
    files: { [FILE]: configMap('x', 'data:\n  [a]: b\n') },
    says: [
      'apps/web/base/x.yaml:5:3: YAML_VALUE: a key is a map or a list; keys must be text. Quote it if you mean text.',
    ],
  },
  'for the same key twice': {
    files: { [FILE]: configMap('x', 'data: {a: b, a: c}\n') },
    says: [
      'apps/web/base/x.yaml:4:14: DUPLICATE_KEY: the key "a" stands twice in one map, first at 4:8. Remove one of them.',
    ],
  },
  'for keys that change the programs that read them': {
    files: { [FILE]: configMap('x', 'data:\n  __proto__: a\n  constructor: b\n  prototype: c\n') },
    says: [
      'apps/web/base/x.yaml:5:3: YAML_VALUE: the key "__proto__" is refused: it can change the programs that read it. Rename it.',
      'apps/web/base/x.yaml:6:3: YAML_VALUE: the key "constructor" is refused: it can change the programs that read it. Rename it.',
      'apps/web/base/x.yaml:7:3: YAML_VALUE: the key "prototype" is refused: it can change the programs that read it. Rename it.',
    ],
  },
  'for such a key in a patch': {
    files: {
      'apps/web/overlays/eu/web.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: web}\nspec: {__proto__: {polluted: true}}\n',
    },
    says: [
      'apps/web/overlays/eu/web.yaml:4:8: YAML_VALUE: the key "__proto__" is refused: it can change the programs that read it. Rename it.',
    ],
  },
  'for a text in place of an object': {
    files: { [FILE]: 'hello\n' },
    says: [
      'apps/web/base/x.yaml:1:1: NOT_A_MANIFEST: the document is no map, so it is no Kubernetes object. Begin it with apiVersion, kind and metadata, or move the file out of the app.',
    ],
  },
  'for a list in place of an object': {
    files: { [FILE]: '- a\n- b\n' },
    says: [
      'apps/web/base/x.yaml:1:1: NOT_A_MANIFEST: the document is no map, so it is no Kubernetes object. Begin it with apiVersion, kind and metadata, or move the file out of the app.',
    ],
  },
  'for a text in place of the fleet': {
    files: { 'fleet.yaml': 'hello\n' },
    says: ['fleet.yaml:1:1: NOT_A_MANIFEST: the document is no map. fleet.yaml takes Fleet of muster.dev/v1alpha1.'],
  },
  'for a list in place of a cluster': {
    files: { 'clusters/eu.yaml': '- eu\n' },
    says: [
      'clusters/eu.yaml:1:1: NOT_A_MANIFEST: the document is no map. clusters/ takes Cluster of muster.dev/v1alpha1.',
    ],
  },
  'but 150 uses of one harmless anchor are fine': {
    files: {
      [FILE]: configMap('x', `data:\n  a: &a v\n${Array.from({ length: 150 }, (_, at) => `  k${at}: *a\n`).join('')}`),
    },
    says: [],
  },
});

describeBadInput('A file of JSON', {
  'has no comments': {
    files: { 'apps/web/base/x.json': '{"apiVersion": "v1", // first\n"kind": "ConfigMap"}' },
    says: [
      'apps/web/base/x.json:1:22: YAML_SYNTAX: JSON has no comments. Mend it, or call the file .yaml if it is YAML.',
    ],
  },
  'has no comma before the end': {
    files: { 'apps/web/base/x.json': '{"apiVersion": "v1",\n "kind": "ConfigMap",}' },
    says: [
      'apps/web/base/x.json:2:22: YAML_SYNTAX: a comma stands before the end. Mend it, or call the file .yaml if it is YAML.',
    ],
  },
});

describeBadInput('A file without any document', {
  'of comments is nothing': { files: { [FILE]: '# later\n' }, says: [] },
  'of document marks is nothing': { files: { [FILE]: '---\n---\n' }, says: [] },
  'is warned of where its app has no other': {
    files: { 'apps/other/base/settings.yaml': '# nothing\n---\n' },
    says: [
      'warning: apps/other/base/settings.yaml:1:1: EMPTY_APP: app "other" has no manifests. Put them into apps/other/base/.',
    ],
  },
  'is no fleet': {
    files: { 'fleet.yaml': '' },
    says: [
      'fleet.yaml:1:1: NO_FLEET_FILE: the file is empty. Write apiVersion: muster.dev/v1alpha1, kind: Fleet and metadata.name.',
    ],
  },
});
