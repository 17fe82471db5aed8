/** Fleets, clusters, apps and placements that say the impossible (bad input, 4.6, and 7 and 19 of 4.2). */
import { clusterFile, placementFile, type TestFiles } from '../support/fleet-files.ts';
import { configMap, describeBadInput } from './support.ts';

describeBadInput('A placement', {
  'selects some cluster by its pattern': {
    files: placed('{clusters: {names: ["eux*"]}}'),
    says: [
      'apps/web/placement.yaml:4:27: NO_CLUSTER_MATCHES: placement "web": the pattern "eux*" matches no cluster. The fleet has: ap, eu, us.',
    ],
  },
  'names clusters that are there': {
    files: placed('{clusters: {names: [ue]}}'),
    says: [
      'apps/web/placement.yaml:4:27: UNKNOWN_NAME: placement "web": there is no cluster "ue". The fleet has: ap, eu, us.',
    ],
  },
  'asks for labels that are there': {
    files: placed('{clusters: {matchLabels: {region: eruope}}}'),
    says: [
      'apps/web/placement.yaml:4:8: NO_CLUSTER_MATCHES: placement "web" selects no cluster: none has region=eruope. Known values of region: america, asia, europe.',
    ],
  },
  'selects something': {
    files: placed('{clusters: {}}'),
    says: [
      'apps/web/placement.yaml:4:18: NO_CLUSTER_MATCHES: the selector has no part that selects clusters. Write names, matchLabels or matchExpressions, or "all: true" for every cluster.',
    ],
  },
  'has no braces in its patterns': {
    files: placed('{clusters: {names: ["{eu,us}"]}}'),
    says: [
      'apps/web/placement.yaml:4:27: BAD_GLOB: placement "web": the pattern "{eu,us}" holds braces; list the names one by one.',
    ],
  },
  'knows two modes': {
    files: placed('{clusters: {all: true}, replicas: {mode: divded}}'),
    says: [
      'apps/web/placement.yaml:4:48: BAD_VALUE: "spec.replicas.mode" must be "duplicated" or "divided". Did you mean "divided"?',
    ],
  },
  'is one for each object': {
    files: { 'apps/web/second.yaml': placementFile('web-too', '{clusters: {all: true}}') },
    says: [
      'apps/web/second.yaml:1:1: PLACED_TWICE: apps/v1 Deployment web is claimed by placement "web" (apps/web/placement.yaml:1) and by "web-too" (apps/web/second.yaml:1). Name the objects of each with spec.objects.',
      'apps/web/second.yaml:1:1: PLACED_TWICE: v1 Service web is claimed by placement "web" (apps/web/placement.yaml:1) and by "web-too" (apps/web/second.yaml:1). Name the objects of each with spec.objects.',
    ],
  },
  'has a name of its own': {
    files: { 'apps/web/second.yaml': placementFile('web', '{clusters: {all: true}}') },
    says: [
      'apps/web/second.yaml:1:1: DUPLICATE_NAME: there is another placement "web" in apps/web/placement.yaml:1. Give each a name of its own.',
    ],
  },
  'is there for each app': {
    files: { 'apps/other/placement.yaml': undefined },
    says: [
      'apps/other/base/settings.yaml:1:1: NO_PLACEMENT: no placement matches v1 ConfigMap other/settings: the app has none. Add apps/other/placement.yaml with kind: Placement; "clusters: {all: true}" puts it everywhere.',
    ],
  },
  'of an app without manifests is warned of': {
    files: { 'apps/nothing/placement.yaml': placementFile('nothing', '{clusters: {all: true}}') },
    says: [
      'warning: apps/nothing/placement.yaml:1:1: EMPTY_APP: app "nothing" has no manifests. Put them into apps/nothing/base/.',
    ],
  },
  'is of a kind that there is': {
    files: {
      'apps/web/placement.yaml': placementFile('web', '{clusters: {all: true}}').replace('Placement', 'Placment'),
    },
    says: ['apps/web/placement.yaml:2:7: UNKNOWN_KIND: Muster has no kind "Placment". Did you mean "Placement"?'],
  },
});

describeBadInput('A weight', {
  'is within reason': {
    files: placed(divided('{clusters: {all: true}, weight: 9007199254740993}')),
    says: ['apps/web/placement.yaml:4:99: BAD_VALUE: "spec.replicas.weights.0.weight" must be a smaller number.'],
  },
  'is not negative': {
    files: placed(divided('{clusters: {all: true}, weight: -1}')),
    says: ['apps/web/placement.yaml:4:99: BAD_VALUE: "spec.replicas.weights.0.weight" must be at least 0.'],
  },
  'may be 0 for one cluster': {
    files: placed(divided('{clusters: {names: [eu]}, weight: 0}, {clusters: {names: [us]}, weight: 1}')),
    says: [],
  },
  'is not 0 for all': {
    files: placed(divided('{clusters: {all: true}, weight: 0}')),
    says: [
      'apps/web/placement.yaml:4:31: REPLICAS_IMPOSSIBLE: the replicas of Deployment "web" cannot be divided: 3 of 3 replicas have no place: all weights are 0. Change the total, the weights or the bounds.',
    ],
  },
});

describeBadInput('The name of a cluster', {
  'has no capitals': {
    files: { 'clusters/x.yaml': clusterFile('EU', '{}') },
    says: [
      'clusters/x.yaml:4:9: BAD_VALUE: "metadata.name" must be lower-case letters, digits and "-", with a letter or digit at both ends.',
    ],
  },
  'has no slash': {
    files: { 'clusters/x.yaml': clusterFile('e/u', '{}') },
    says: [
      'clusters/x.yaml:4:9: BAD_VALUE: "metadata.name" must be lower-case letters, digits and "-", with a letter or digit at both ends.',
    ],
  },
  'has no dot at its end': {
    files: { 'clusters/x.yaml': clusterFile('eu.', '{}') },
    says: [
      'clusters/x.yaml:4:9: BAD_VALUE: "metadata.name" must be lower-case letters, digits and "-", with a letter or digit at both ends.',
    ],
  },
  'is not empty': {
    files: { 'clusters/x.yaml': clusterFile('""', '{}') },
    says: [
      'clusters/x.yaml:4:9: BAD_VALUE: "metadata.name" must be lower-case letters, digits and "-", with a letter or digit at both ends.',
      'clusters/x.yaml:7:25: BAD_VALUE: "spec.connection.context" must not be empty.',
    ],
  },
  'is text': {
    files: { 'clusters/x.yaml': clusterFile('5', '{}') },
    says: [
      'clusters/x.yaml:4:9: BAD_VALUE: "metadata.name" must be text. Put it in quotes.',
      'clusters/x.yaml:7:25: BAD_VALUE: "spec.connection.context" must be text. Put it in quotes.',
    ],
  },
  'is its own': {
    files: { 'clusters/x.yaml': clusterFile('eu', '{}') },
    says: [
      'clusters/x.yaml:1:1: DUPLICATE_NAME: there is another cluster "eu" in clusters/eu.yaml:1. Give each a name of its own.',
    ],
  },
});

describeBadInput('Our own documents', {
  'have no unknown fields in the fleet': {
    files: { 'fleet.yaml': fleet('v1alpha1', '{suspnd: true, guards: {maxDeletes: 3}}') },
    says: [
      'fleet.yaml:4:8: UNKNOWN_FIELD: Fleet has no field "spec.suspnd". Did you mean "suspend"?',
      'fleet.yaml:4:31: UNKNOWN_FIELD: Fleet has no field "spec.guards.maxDeletes". Did you mean "maxDelete"?',
    ],
  },
  'have no unknown fields in a cluster': {
    files: { 'clusters/eu.yaml': clusterFile('eu', '{}', '  reigon: eu\n') },
    says: ['clusters/eu.yaml:8:3: UNKNOWN_FIELD: Cluster has no field "spec.reigon". Did you mean "region"?'],
  },
  'are of the version that we know': {
    files: { 'fleet.yaml': fleet('v1', '{}') },
    says: [
      'fleet.yaml:1:13: UNKNOWN_KIND: Fleet has no version "muster.dev/v1". Write apiVersion: muster.dev/v1alpha1.',
    ],
  },
  'depend on apps that are there': {
    files: { 'apps/web/app.yaml': app('web', '{dependsOn: [othr]}') },
    says: [
      'apps/web/app.yaml:4:20: UNKNOWN_NAME: app "web" depends on "othr", which does not exist. Did you mean "other"?',
      'apps/web/base/deployment.yaml:3:1: NO_NAMESPACE: Deployment "web" names no namespace. Set metadata.namespace, spec.namespace of the app, or spec.defaults.namespace of the fleet.',
      'apps/web/base/service.yaml:3:1: NO_NAMESPACE: Service "web" names no namespace. Set metadata.namespace, spec.namespace of the app, or spec.defaults.namespace of the fleet.',
    ],
  },
  'call an app as its folder is called': {
    files: { 'apps/web/app.yaml': app('website', '{namespace: web}') },
    says: [
      'apps/web/app.yaml:3:18: BAD_NAME: the app is called "website", and its folder "web". The folder names the app. Make them equal.',
    ],
  },
  'are not in conflict': {
    files: {
      'clusters/eu.yaml': `${clusterFile('eu', '{}')}<<<<<<< HEAD\n  provider: a\n=======\n  provider: b\n>>>>>>> other\n`,
    },
    says: [
      'clusters/eu.yaml:8:1: CONFLICT_MARKER: a merge conflict was committed with its markers. Resolve it and remove the markers.',
    ],
  },
});

describeBadInput('A file', {
  'that differs from another in capitals only is warned of': {
    files: { 'apps/web/base/App.yaml': configMap('a'), 'apps/web/base/app.yaml': configMap('b') },
    says: [
      'warning: apps/web/base/app.yaml:1:1: DUPLICATE_NAME: "apps/web/base/App.yaml" differs from "apps/web/base/app.yaml" in upper and lower case only. Rename one of them: many machines can hold only one.',
    ],
  },
  'that an editor left behind is overlooked': {
    files: {
      'apps/web/base/x.yaml~': '<<<',
      'apps/web/base/.x.yaml.swp': 'a: [',
      'apps/web/base/#x.yaml#': 'a: [',
      'apps/web/base/.DS_Store': '\0',
    },
    says: [],
  },
  'that belongs to no app is refused': {
    files: { 'apps/x.yaml': configMap('x') },
    says: ['apps/x.yaml:1:1: MISPLACED_FILE: a file directly in apps/ belongs to no app. Move it to apps/NAME/base/.'],
  },
  'in a folder that nothing reads is refused': {
    files: { 'apps/web/bse/x.yaml': configMap('x') },
    says: [
      'apps/web/bse/x.yaml:1:1: MISPLACED_FILE: nothing reads the folder "bse" of an app. Manifests belong to base/, changes for some clusters to overlays/.',
    ],
  },
  'fleet.yaml has that very name': {
    files: { 'fleet.yaml': undefined, 'Fleet.yml': fleet('v1alpha1', '{}') },
    says: ['fleet.yaml:1:1: NO_FLEET_FILE: there is no fleet.yaml. Rename "Fleet.yml" to fleet.yaml.'],
  },
});

function placed(spec: string): TestFiles {
  return { 'apps/web/placement.yaml': placementFile('web', spec) };
}

function divided(weights: string): string {
  return `{clusters: {all: true}, replicas: {mode: divided, weights: [${weights}]}}`;
}

function fleet(version: string, spec: string): string {
  return `apiVersion: muster.dev/${version}\nkind: Fleet\nmetadata: {name: test}\nspec: ${spec}\n`;
}

function app(name: string, spec: string): string {
  return `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}
