/** What a change of the repository does to every cluster, from two renders. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ComparedSide, compareFleets } from '../src/diff/compare-fleets.ts';
import { codeBlock } from '../src/diff/escape-markdown.ts';
import { printMarkdown } from '../src/diff/print-markdown.ts';
import type { FleetDiff } from '../src/model/fleet-diff.ts';
import { fleetWith, renderedOf, SMALL_FLEET, type TestFiles } from './support/fleet-files.ts';

const APP = 'apps/web/app.yaml';
const appWith = (spec: string): TestFiles => ({
  [APP]: `apiVersion: muster.dev/v1alpha1\nkind: App\nmetadata: {name: web}\nspec: {namespace: web, ${spec}}\n`,
});

const AUTOSCALER = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 1, maxReplicas: 9}
`;

test('what changes of an object though its fields stay is told: whose fields are taken over, and whose are left', () => {
  assert.deepEqual(diffsOf(appWith('adopt: [helm]'), appWith('adopt: [argocd-controller]')), [
    'Service web: # fields of "argocd-controller" are taken over\n# fields of "helm" are not taken over any more\n',
    'Deployment web: # fields of "argocd-controller" are taken over\n# fields of "helm" are not taken over any more\n',
  ]);
  const rule = 'ignore: [{kind: Deployment, name: web, fields: [/spec/replicas]}]';
  assert.deepEqual(diffsOf({}, appWith(rule)), ['Deployment web: # ignored from now on: /spec/replicas\n']);
  assert.deepEqual(diffsOf(appWith(rule), {}), ['Deployment web: # no longer ignored: /spec/replicas\n']);
  const scaled = diffsOf({}, { 'apps/web/base/autoscaler.yaml': AUTOSCALER }).find((each) => each.startsWith('Depl'));
  assert.equal(scaled, 'Deployment web: # an autoscaler has it: its replica count is handed over\n');
});

test('what an app leaves behind that was suspended when it left is not said to be deleted', () => {
  const gone = { ...SMALL_FLEET, ...fleetWith(appWith('suspend: true')) };
  const left = Object.fromEntries(Object.entries(gone).filter(([path]) => !path.startsWith('apps/web/')));
  const [before, after] = [gone, left].map((files) => side(files));
  assert.ok(before !== undefined && after !== undefined);
  const fates = new Set(compareFleets(before, after).removals.map(({ fate, reason }) => `${fate}: ${reason}`));
  assert.deepEqual([...fates], ['orphaned: the app was suspended when it left the repository']);
});

test('a name that nobody can see is shown in the title of its change', () => {
  const name = 'evil\u202eyaml';
  const role = `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "${name}"}\nrules: []\n`;
  const report = printMarkdown(compare({}, { 'apps/web/base/role.yaml': role }), 60_000);
  assert.ok(!report.includes('\u202e'));
});

test('a block of a report holds text with any number of backticks', () => {
  const text = '`a'.repeat(200_000);
  assert.equal(codeBlock(text, ''), `\`\`\`\n${text}\n\`\`\`\n`);
});

function diffsOf(before: TestFiles, after: TestFiles): readonly string[] {
  return compare(before, after).changeSets.map(({ id, diff }) => `${id.kind} ${id.name}: ${diff}`);
}

function compare(before: TestFiles, after: TestFiles): FleetDiff {
  return compareFleets(side(fleetWith(before)), side(fleetWith(after)));
}

function side(files: TestFiles): ComparedSide {
  const fleet = renderedOf(files);
  return { revision: 'a'.repeat(40), fleet, diagnostics: fleet.diagnostics };
}
