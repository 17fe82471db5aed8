/** Kubernetes objects that are not as they should be (bad input, 4.4). */
import { configMap, describeBadInput } from './support.ts';

const FILE = 'apps/web/base/x.yaml';

describeBadInput('An object without', {
  apiVersion: {
    files: { [FILE]: 'kind: ConfigMap\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:1:1: NOT_A_MANIFEST: apiVersion is missing or is no text, so this is no Kubernetes object. Set apiVersion.',
    ],
  },
  kind: {
    files: { [FILE]: 'apiVersion: v1\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:1:1: NOT_A_MANIFEST: kind is missing or is no text, so this is no Kubernetes object. Set kind.',
    ],
  },
  metadata: {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\n' },
    says: [
      'apps/web/base/x.yaml:1:1: NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
    ],
  },
  'a name': {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: web}\n' },
    says: [
      'apps/web/base/x.yaml:3:11: NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
    ],
  },
  'a namespace, where nothing else names one': {
    files: { 'apps/other/base/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n' },
    says: [
      'apps/other/base/settings.yaml:3:1: NO_NAMESPACE: ConfigMap "settings" names no namespace. Set metadata.namespace, spec.namespace of the app, or spec.defaults.namespace of the fleet.',
    ],
  },
});

describeBadInput('An object is refused that has', {
  'a number as its name': {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n' },
    says: [
      'apps/web/base/x.yaml:3:18: NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
    ],
  },
  'null as its name': {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: null}\n' },
    says: [
      'apps/web/base/x.yaml:3:18: NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
    ],
  },
  'a list as its metadata': {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: [x]\n' },
    says: [
      'apps/web/base/x.yaml:3:11: NOT_A_MANIFEST: metadata.name is missing or is no text, so this is no Kubernetes object. Set metadata.name.',
    ],
  },
  'a list as its apiVersion': {
    files: { [FILE]: 'apiVersion: [v1]\nkind: ConfigMap\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:1:13: NOT_A_MANIFEST: apiVersion is missing or is no text, so this is no Kubernetes object. Set apiVersion.',
    ],
  },
  'null as its kind': {
    files: { [FILE]: 'apiVersion: v1\nkind: null\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:2:7: NOT_A_MANIFEST: kind is missing or is no text, so this is no Kubernetes object. Set kind.',
    ],
  },
  'a name that the server makes up': {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n' },
    says: [
      'apps/web/base/x.yaml:3:12: NOT_DECLARATIVE: generateName makes another object with each apply. Give the object a name.',
    ],
  },
  'an owner': {
    files: {
      [FILE]:
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: a, uid: u}]\n',
    },
    says: [
      'apps/web/base/x.yaml:5:3: NOT_DECLARATIVE: ownerReferences name UIDs, which differ in every cluster. Remove them.',
    ],
  },
  'a time at which it was deleted': {
    files: {
      [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  deletionTimestamp: "2026-01-01T00:00:00Z"\n',
    },
    says: [
      'apps/web/base/x.yaml:5:3: NOT_DECLARATIVE: an object cannot be applied as one that is being deleted. Remove it, or remove the object.',
    ],
  },
  'labels and annotations that no API server takes': {
    files: {
      [FILE]: `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  labels:
    a/b/c: d
    -bad: e
    enabled: true
    count: 3
    spaced: "a b"
    long: "${'x'.repeat(64)}"
  annotations:
    port: 8080
`,
    },
    says: [
      'apps/web/base/x.yaml:6:5: BAD_NAME: "a/b/c" is no key of a label. Write name or prefix/name; the name has at most 63 letters, digits, "-", "_" and ".".',
      'apps/web/base/x.yaml:7:5: BAD_NAME: "-bad" is no key of a label. Write name or prefix/name; the name has at most 63 letters, digits, "-", "_" and ".".',
      'apps/web/base/x.yaml:8:14: BAD_VALUE: the value of "enabled" is the boolean true, and must be text. Put it in quotes.',
      'apps/web/base/x.yaml:9:12: BAD_VALUE: the value of "count" is the number 3, and must be text. Put it in quotes.',
      'apps/web/base/x.yaml:10:13: BAD_VALUE: "a b" is no value of a label. Use at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends.',
      'apps/web/base/x.yaml:11:11: BAD_VALUE: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is no value of a label. Use at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends.',
      'apps/web/base/x.yaml:13:11: BAD_VALUE: the value of "port" is the number 8080, and must be text. Put it in quotes.',
    ],
  },
  'a text as its replica count': {
    files: { [FILE]: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: "3"}\n' },
    says: [
      'apps/web/base/x.yaml:4:18: BAD_VALUE: "spec.replicas" is text, and must be a whole number from 0. Remove the quotes.',
    ],
  },
  'a map in place of a list': {
    files: { [FILE]: 'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: {}}\n' },
    says: [
      'apps/web/base/x.yaml:4:15: BAD_VALUE: spec.ports is a map, and must be a list in v1 Service. Begin each item with "- ".',
    ],
  },
  'a kind that nobody knows': {
    files: { [FILE]: 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:2:7: UNKNOWN_SCOPE: nobody says whether Widget of "example.com/v1" is namespaced. Add its CustomResourceDefinition to the repository, or add {apiVersion: example.com/v1, kind: Widget, namespaced: true} or false to spec.kinds of fleet.yaml.',
    ],
  },
  'a kind that is mistyped': {
    files: { [FILE]: 'apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:2:7: UNKNOWN_SCOPE: nobody says whether Deploymnet of "apps/v1" is namespaced. Did you mean Deployment of group "apps"?',
    ],
  },
  'a kind of ours': {
    files: { [FILE]: 'apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: x}\n' },
    says: [
      'apps/web/base/x.yaml:2:7: MISPLACED_FILE: kind App has no meaning in a folder of manifests. It belongs to apps/NAME/.',
    ],
  },
  'the name of one in another app': {
    files: {
      'apps/other/base/web.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: web}\nspec: {ports: [{port: 80}]}\n',
    },
    says: [
      'apps/other/base/web.yaml:1:1: DUPLICATE_OBJECT: Service web/web also stands in apps/web/base/service.yaml:1 (app "web"). Remove one of them.',
      'apps/web/base/service.yaml:1:1: DUPLICATE_OBJECT: Service web/web also stands in apps/other/base/web.yaml:1 (app "other"). Remove one of them.',
    ],
  },
});

describeBadInput('An object is taken with a warning that has', {
  'fields of the server': {
    files: {
      [FILE]: `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  resourceVersion: "5"
  uid: u
  creationTimestamp: "2026-01-01T00:00:00Z"
  generation: 3
  selfLink: /a
`,
    },
    says: [
      'warning: apps/web/base/x.yaml:5:3: SERVER_FIELD: metadata.resourceVersion is set by the API server only and is left out. Remove it.',
      'warning: apps/web/base/x.yaml:6:3: SERVER_FIELD: metadata.uid is set by the API server only and is left out. Remove it.',
      'warning: apps/web/base/x.yaml:7:3: SERVER_FIELD: metadata.creationTimestamp is set by the API server only and is left out. Remove it.',
      'warning: apps/web/base/x.yaml:8:3: SERVER_FIELD: metadata.generation is set by the API server only and is left out. Remove it.',
      'warning: apps/web/base/x.yaml:9:3: SERVER_FIELD: metadata.selfLink is set by the API server only and is left out. Remove it.',
    ],
  },
  "kubectl's copy of itself": {
    files: {
      [FILE]:
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: "{}"\n',
    },
    says: [
      'warning: apps/web/base/x.yaml:6:5: SERVER_FIELD: annotation "kubectl.kubernetes.io/last-applied-configuration" is a copy that kubectl made and is left out. Remove it: it may hold secrets.',
    ],
  },
  'a secret in clear text, which is not shown': {
    files: {
      [FILE]: 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData:\n  password: hunter2hunter2\n',
    },
    says: [
      'warning: apps/web/base/x.yaml:2:7: PLAIN_SECRET: Secret "x" stands in the repository in clear text. Use a sealed or external secret, and change what was committed.',
    ],
  },
  'a key in data and in stringData': {
    files: {
      [FILE]:
        'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata:\n  password: aHVudGVy\nstringData:\n  password: hunter2hunter2\n',
    },
    says: [
      'warning: apps/web/base/x.yaml:2:7: PLAIN_SECRET: Secret "x" stands in the repository in clear text. Use a sealed or external secret, and change what was committed.',
      'warning: apps/web/base/x.yaml:7:13: BAD_VALUE: key "password" stands in data and in stringData; stringData wins. Remove one of them.',
    ],
  },
  'credentials where nobody expects any': {
    files: {
      [FILE]: configMap(
        'x',
        'data:\n  key: |\n    -----BEGIN RSA PRIVATE KEY-----\n    abc\n  aws: AKIAIOSFODNN7EXAMPLE\n',
      ),
    },
    says: [
      'warning: apps/web/base/x.yaml:5:8: PLAIN_SECRET: this looks like a private key, in clear text. Use a sealed or external secret, and change what was committed.',
      'warning: apps/web/base/x.yaml:8:8: PLAIN_SECRET: this looks like an access key of AWS, in clear text. Use a sealed or external secret, and change what was committed.',
    ],
  },
  'a kind that surprises people when it changes': {
    files: {
      [FILE]: `apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: a, image: b}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec: {template: {spec: {containers: [{name: a, image: b}], restartPolicy: Never}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: r}
spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}}
`,
    },
    says: [
      'warning: apps/web/base/x.yaml:2:7: NOT_DECLARATIVE: a Pod cannot be changed, and is not replaced when its node is gone. Use a Deployment or a Job.',
      'warning: apps/web/base/x.yaml:7:7: NOT_DECLARATIVE: the template of a Job cannot be changed once it exists. Give the Job another name with each change, or use a CronJob.',
      'warning: apps/web/base/x.yaml:12:7: NOT_DECLARATIVE: a ReplicaSet does not replace its Pods when its template changes. Use a Deployment.',
    ],
  },
});

describeBadInput('An object is taken without a word that has', {
  'the creation time null, as every generator writes it': {
    files: { [FILE]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, creationTimestamp: null}\n' },
    says: [],
  },
  'an autoscaler, which then has the replica count': {
    files: {
      [FILE]:
        'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 3}\n',
    },
    says: [],
  },
});

describeBadInput('An annotation of Muster', {
  'asks for a wave, also before the first': { files: { [FILE]: annotated('wave: "-5"') }, says: [] },
  'asks for a wave by a number in quotes': {
    files: { [FILE]: annotated('wave: 1') },
    says: [
      'apps/web/base/x.yaml:6:22: BAD_ANNOTATION: annotation "muster.dev/wave" has a value it does not know. Write a whole number in quotes.',
    ],
  },
  'asks for a wave by no word': {
    files: { [FILE]: annotated('wave: first') },
    says: [
      'apps/web/base/x.yaml:6:22: BAD_ANNOTATION: annotation "muster.dev/wave" has a value it does not know. Write a whole number in quotes.',
    ],
  },
  'asks for a wave within reason': {
    files: { [FILE]: annotated('wave: "9999999"') },
    says: [
      'apps/web/base/x.yaml:6:22: BAD_ANNOTATION: annotation "muster.dev/wave" has a value it does not know. Write a whole number in quotes.',
    ],
  },
  'that is mistyped is refused': {
    files: { [FILE]: annotated('wvae: "1"') },
    says: [
      'apps/web/base/x.yaml:6:5: BAD_ANNOTATION: there is no annotation "muster.dev/wvae". Did you mean "muster.dev/wave"?',
    ],
  },
});

describeBadInput('A variable', {
  'that no cluster sets is refused with the nearest': {
    files: { [FILE]: configMap('x', 'data: {a: "${vars.netwrok}"}\n') },
    says: [
      'apps/web/base/x.yaml:4:11: UNKNOWN_VARIABLE: variable "vars.netwrok" is unknown: this cluster sets no variable "netwrok". Did you mean "${vars.network}"?',
    ],
  },
  'that a cluster cannot have is left, with a warning': {
    files: { [FILE]: configMap('x', 'data: {a: "${cluster.nam}"}\n') },
    says: [
      'warning: apps/web/base/x.yaml:4:11: UNKNOWN_VARIABLE: "${cluster.nam}" is left as it is: a cluster has no "nam" to refer to. Did you mean "${cluster.name}"?',
    ],
  },
});

function annotated(annotation: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    muster.dev/${annotation}\n`;
}
