import { createHash } from 'node:crypto';
import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { App, DocumentSource, Fleet } from '../model/fleet.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import type { Manifest } from '../model/manifest.ts';
import type { AppTarget, ClusterTarget, RenderedApp, RenderedCluster } from '../model/render.ts';
import { compareIds, formatId, idKey } from '../object/id.ts';
import { hashJson, mapAt } from '../object/json.ts';
import type { MergeSchema } from '../object/merge-keys.ts';
import { replicaField } from '../object/replicas.ts';
import { applyOverlays, type Draft } from './apply-overlays.ts';
import { findAutoscaled } from './find-autoscaled.ts';
import { findPlace } from './find-place.ts';
import { finishObject } from './finish-object.ts';
import { ignoredFields } from './ignored-fields.ts';
import type { Problem } from './problem.ts';
import { substitute } from './substitute.ts';

/** What all clusters share. */
export interface RenderContext {
  readonly fleet: Fleet;
  readonly isNamespaced: (group: string, kind: string) => boolean | undefined;
  readonly schema: MergeSchema;
  readonly locate: Locate;
}

/** The final manifests of one cluster, and what is wrong with them there. Nothing of an app with an error is in them. */
export interface ClusterRender {
  readonly cluster: RenderedCluster;
  readonly diagnostics: readonly Diagnostic[];
}

/** Merges base, overlays and replica counts of each app, in this order; later wins (design 2, "What is applied"). */
export function renderCluster(
  target: ClusterTarget,
  apps: ReadonlyMap<string, App>,
  context: RenderContext,
): ClusterRender {
  const { cluster } = target;
  const diagnostics: Diagnostic[] = [];
  const drafts = target.apps.flatMap((each) => {
    const app = apps.get(each.app);
    return app === undefined ? [] : [{ app, manifests: renderApp(each, app, target, context, diagnostics) }];
  });
  reportDuplicates(drafts, cluster.name, diagnostics);
  const rendered = drafts.map(({ app, manifests }) => finishApp(app, manifests, diagnostics));
  return { cluster: { cluster, digest: digestOf(rendered), apps: rendered }, diagnostics };
}

/** An app that an error keeps from being rendered: whatever runs goes on running. */
export function heldApp(app: App, diagnostics: readonly Diagnostic[]): RenderedApp {
  const { name, drift, prune, onUnplace, suspend, timeoutMs, unprotect } = app;
  const dependsOn = app.dependsOn.map((each) => each.app);
  const settings = { name, drift, prune, onUnplace, suspend, timeoutMs, unprotect, dependsOn };
  return { ...settings, state: 'held', manifests: [], diagnostics };
}

/** By meaning: ids and hashes of all manifests, in the order of printing. Held apps are part of it by name. */
export function digestOf(apps: readonly RenderedApp[]): string {
  const hash = createHash('sha256');
  for (const app of apps) {
    hash.update(`${app.name} ${app.state}\n`);
    for (const { id, apiVersion, hash: meaning } of app.manifests)
      hash.update(`${apiVersion} ${idKey(id)} ${meaning}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}

type FinishedManifest = Omit<Manifest, 'autoscaled' | 'ignored' | 'adopt'>;

export type Report = (problem: Problem, source: DocumentSource) => void;

function renderApp(
  target: AppTarget,
  app: App,
  { cluster }: ClusterTarget,
  context: RenderContext,
  diagnostics: Diagnostic[],
): readonly FinishedManifest[] {
  const report: Report = (problem, source) => {
    const diagnostic = toDiagnostic(problem, context.locate, source, app.name, cluster.name);
    if (!diagnostics.some((each) => explains(each, diagnostic))) diagnostics.push(diagnostic);
  };
  const drafts = target.objects.map(({ base, replicas, by }): Draft => {
    const { value, problems } = substitute(base.body, cluster);
    for (const problem of problems) report(problem, base.source);
    return {
      body: value,
      source: base.source,
      by,
      patches: [],
      ...(replicas === undefined ? {} : { share: replicas }),
    };
  });
  const merged = applyOverlays(drafts, target.overlays, { cluster, app, ...context, report });
  return merged.flatMap((draft) => {
    const body = withShare(draft, report);
    const defaultNamespace = app.namespace ?? context.fleet.defaults.namespace;
    const { object, problems } = finishObject(body, { isNamespaced: context.isNamespaced, defaultNamespace });
    for (const problem of problems) reportField(problem, draft, report);
    if (object === undefined) return [];
    return [
      {
        ...object,
        hash: hashJson(object.body),
        origin: originOf(draft.source),
        by: draft.by,
        overlays: draft.patches.map((patch) => originOf(patch.source)),
      },
    ];
  });
}

/** A problem of a merged object is reported where its field was written, in a patch or in the base. */
function reportField(problem: Problem, draft: Draft, report: Report): void {
  const { source, pointer } = findPlace(draft.source, draft.patches, problem.pointer);
  report({ ...problem, pointer }, source);
}

/** This cluster's share of a divided count. An overlay that sets the count itself would be overruled in silence. */
export function withShare(draft: Draft, report: Report): JsonObject {
  const { body, share } = draft;
  const field = replicaField(body);
  if (share === undefined || field === undefined) return body;
  if (draft.countChanged === true) {
    const message = `an overlay sets spec.${field}, which the placement at ${draft.by.file}:${draft.by.line} divides`;
    const help = 'Change the weights of the placement, or take the field out of the overlay.';
    const pointer = `/spec/${field}`;
    reportField({ code: 'REPLICAS_DIVIDED', severity: 'error', message, help, pointer }, draft, report);
  }
  return { ...body, spec: { ...mapAt(body, 'spec'), [field]: share } };
}

function reportDuplicates(
  drafts: readonly { readonly app: App; readonly manifests: readonly FinishedManifest[] }[],
  cluster: string,
  diagnostics: Diagnostic[],
): void {
  const seen = new Map<string, { readonly app: App; readonly manifest: FinishedManifest }>();
  for (const { app, manifests } of drafts) {
    for (const manifest of manifests) {
      const first = seen.get(idKey(manifest.id));
      if (first === undefined) {
        seen.set(idKey(manifest.id), { app, manifest });
        continue;
      }
      // Either app could be the right one, so neither is applied.
      for (const [own, other] of [
        [{ app, manifest }, first],
        [first, { app, manifest }],
      ] as const) {
        const message = `${formatId(manifest.id)} also stands in ${other.manifest.origin.file}:${other.manifest.origin.line}${own.app === other.app ? '' : ` (app "${other.app.name}")`}`;
        diagnostics.push({
          code: 'DUPLICATE_OBJECT',
          severity: 'error',
          message,
          help: 'Remove one of them.',
          origin: own.manifest.origin,
          app: own.app.name,
          cluster,
        });
      }
    }
  }
}

function finishApp(app: App, manifests: readonly FinishedManifest[], diagnostics: readonly Diagnostic[]): RenderedApp {
  const errors = diagnostics.filter((each) => each.severity === 'error' && each.app === app.name);
  if (errors.length > 0) return heldApp(app, errors);
  const autoscaled = findAutoscaled(manifests);
  const sorted = manifests
    .map((manifest) => withOwnership(manifest, autoscaled.has(idKey(manifest.id)), app))
    .sort((a, b) => a.policy.wave - b.policy.wave || compareIds(a.id, b.id));
  return { ...heldApp(app, []), state: 'rendered', manifests: sorted };
}

/**
 * A reference that could not be replaced stays as text, and is then no label, no name and no namespace: one mistake, not
 * two.
 */
function explains(first: Diagnostic, second: Diagnostic): boolean {
  return (
    first.severity === 'error' &&
    VARIABLE_CODES.includes(first.code) &&
    !VARIABLE_CODES.includes(second.code) &&
    first.app === second.app &&
    first.origin.file === second.origin.file &&
    first.origin.line === second.origin.line &&
    first.origin.column === second.origin.column
  );
}

const VARIABLE_CODES: readonly Diagnostic['code'][] = ['UNKNOWN_VARIABLE', 'BAD_VARIABLE'];

/** The same body means something else where its fields are left to others, or taken from them: that is a change, too. */
function withOwnership(manifest: FinishedManifest, autoscaled: boolean, app: App): Manifest {
  const ignored = ignoredFields(app.ignore, manifest.id);
  const { adopt } = app;
  const rules: readonly JsonValue[] = [
    ...(autoscaled ? ['autoscaled'] : []),
    ...(adopt.length === 0 ? [] : [{ adopt }]),
    ...ignored.map(({ fields, managers = [] }) => ({ fields, managers })),
  ];
  const hash = rules.length === 0 ? manifest.hash : hashJson([manifest.body, ...rules]);
  return { ...manifest, autoscaled, ignored, adopt, hash };
}

function toDiagnostic(
  { code, severity, message, help, pointer, part }: Problem,
  locate: Locate,
  source: DocumentSource,
  app: string,
  cluster: string,
): Diagnostic {
  const optional = help === undefined ? {} : { help };
  return { code, severity, message, ...optional, origin: locate(source, pointer, part ?? 'value'), app, cluster };
}

function originOf({ file, line, column }: DocumentSource): Origin {
  return { file, line, column };
}
