import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../model/manifest.ts';
import type { RenderedCluster } from '../model/render.ts';
import { formatId } from '../object/id.ts';
import { UsageError } from '../settings.ts';
import { onDisk } from '../source/git/disk-error.ts';
import { printYamlDocuments } from '../yaml/print.ts';
import { hasErrors, printDiagnostics, toOutput } from './diagnostics.ts';
import { loadFleet } from './load-fleet.ts';
import { printDocument } from './print-document.ts';
import { selectTargets } from './select-targets.ts';
import type { Verb, VerbCall } from './verb.ts';

export const renderVerb: Verb = {
  name: 'render',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'print the final manifests of each cluster',
  description:
    'Prints what each cluster gets, with the digest that controller and Action have for the same commit. Reads the files\nas they lie in DIR (default: here), or a commit with --revision. What is wrong goes to standard error; what an error\nconcerns is left out, everything else is printed. Secrets are printed as the clusters get them.',
  options: ['revision', 'cluster', 'app', 'output', 'out', 'cache', 'renderMemory', 'renderTimeout', 'help'],
  formats: ['yaml', 'json', 'name', 'dir'],
  exits: {
    0: 'everything was rendered',
    1: 'the repository has errors',
    2: 'it could not be read, or the command line could not be understood',
  },
  examples: [
    ['muster render -C eu', 'all manifests of cluster eu'],
    ['muster render -a hello -o name', 'which objects of app hello go where'],
    ['muster render --revision v1.2.0 -o dir --out /tmp/before', 'a file for each app, to compare with other tools'],
  ],
  run: async (call) => {
    const result = await loadFleet(call.operands[0] ?? '.', call.settings.text('revision'), call.settings);
    const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
    call.io.err(printDiagnostics(diagnostics));
    const clusters = result.state === 'rendered' ? selectTargets(result.fleet, call.settings) : [];
    await PRINTERS[call.format]?.(clusters, diagnostics.map(toOutput), call);
    return hasErrors(diagnostics) ? 1 : 0;
  },
};

type Printer = (
  clusters: readonly RenderedCluster[],
  diagnostics: readonly ReturnType<typeof toOutput>[],
  call: VerbCall,
) => Promise<void>;

const PRINTERS: Readonly<Record<string, Printer>> = {
  yaml: async (clusters, _diagnostics, { io }) => {
    for (const cluster of clusters)
      io.out(`# cluster ${cluster.cluster.name} · ${cluster.digest}\n${printManifests(manifestsOf(cluster))}`);
  },
  json: async (clusters, diagnostics, { io }) => {
    const entries = clusters.map(
      (each) =>
        [
          each.cluster.name,
          { digest: each.digest, objects: manifestsOf(each).map((manifest) => manifest.body) },
        ] as const,
    );
    io.out(printDocument('Render', { clusters: Object.fromEntries(entries), diagnostics }));
  },
  name: async (clusters, _diagnostics, { io }) => {
    for (const cluster of clusters) {
      for (const { id, apiVersion } of manifestsOf(cluster))
        io.out(`${cluster.cluster.name} ${apiVersion} ${formatId(id)}\n`);
    }
  },
  dir: async (clusters, _diagnostics, { settings, io }) => {
    const root = settings.text('out');
    if (root === undefined) throw new UsageError('-o dir needs --out DIR.');
    for (const { cluster, apps } of clusters) {
      const folder = join(root, cluster.name);
      await onDisk('write', folder, mkdir(folder, { recursive: true }));
      for (const app of apps.filter((each) => each.state === 'rendered')) {
        const path = join(root, cluster.name, `${app.name}.yaml`);
        await onDisk('write', path, writeFile(path, printManifests(app.manifests)));
        io.err(`${path}\n`);
      }
    }
  },
};

function manifestsOf(cluster: RenderedCluster): readonly Manifest[] {
  return cluster.apps.flatMap((app) => app.manifests);
}

function printManifests(manifests: readonly Manifest[]): string {
  return printYamlDocuments(manifests.map((manifest) => manifest.body));
}
