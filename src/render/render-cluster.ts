import { createHash } from 'node:crypto';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Cluster } from '../model/fleet.ts';
import type { Manifest } from '../model/manifest.ts';
import type { RenderedApp, RenderedCluster } from '../model/render.ts';
import { compareText, formatId } from '../object/id.ts';
import { type AppRender, printForDigest } from './render-app.ts';

/** The final manifests of one cluster, and what is wrong with them there. Nothing of an app with an error is in them. */
export interface ClusterRender {
  readonly cluster: RenderedCluster;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Puts the apps of a cluster together. `held` are apps that an error holds on every cluster; they are there also where nothing
 * places them.
 */
export function renderCluster(
  cluster: Cluster,
  apps: readonly AppRender[],
  held: readonly RenderedApp[],
): ClusterRender {
  const diagnostics = [
    ...apps.flatMap((app) => app.diagnostics.map((each) => ({ ...each, cluster: cluster.name }))),
    ...findDuplicates(apps, cluster.name),
  ];
  const names = new Set(held.map((app) => app.name));
  const parts = [
    ...apps.filter(({ rendered }) => !names.has(rendered.name)).map((app) => finishApp(app, diagnostics)),
    ...held.map(withDigestText),
  ].sort((a, b) => compareText(a.app.name, b.app.name));
  const digest = digestOf(parts.map((part) => part.digestText));
  return { cluster: { cluster, digest, apps: parts.map((part) => part.app) }, diagnostics };
}

interface FinishedApp {
  readonly app: RenderedApp;
  readonly digestText: string;
}

function finishApp({ rendered, digestText }: AppRender, diagnostics: readonly Diagnostic[]): FinishedApp {
  const errors = diagnostics.filter((each) => each.severity === 'error' && each.app === rendered.name);
  if (errors.length === 0) return { app: rendered, digestText };
  return withDigestText({ ...rendered, state: 'held', manifests: [], diagnostics: errors });
}

function withDigestText(app: RenderedApp): FinishedApp {
  return { app, digestText: printForDigest(app) };
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return `sha256:${hash.digest('hex')}`;
}

interface Standing {
  readonly app: string;
  readonly manifest: Manifest;
}

function findDuplicates(apps: readonly AppRender[], cluster: string): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, Standing>();
  for (const { rendered, manifests, keys } of apps) {
    for (const [index, manifest] of manifests.entries()) {
      const key = keys[index] ?? '';
      const first = seen.get(key);
      const own = { app: rendered.name, manifest };
      if (first === undefined) seen.set(key, own);
      // Either app could be the right one, so neither is applied.
      else diagnostics.push(duplicate(own, first, cluster), duplicate(first, own, cluster));
    }
  }
  return diagnostics;
}

function duplicate({ app, manifest }: Standing, other: Standing, cluster: string): Diagnostic {
  const { file, line } = other.manifest.origin;
  return {
    code: 'DUPLICATE_OBJECT',
    severity: 'error',
    message: `${formatId(manifest.id)} also stands in ${file}:${line}${app === other.app ? '' : ` (app "${other.app}")`}`,
    help: 'Remove one of them.',
    origin: manifest.origin,
    app,
    cluster,
  };
}
