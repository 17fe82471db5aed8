import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { App, Cluster, DocumentSource, Fleet, Overlay } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Memo } from '../memo.ts';
import type { AppTarget, RenderedApp } from '../model/render.ts';
import { compareIds, idKey } from '../object/id.ts';
import { hashJson, mapAt } from '../object/json.ts';
import type { MergeSchema } from '../object/merge-keys.ts';
import { replicaField } from '../object/replicas.ts';
import type { CheckObject } from '../schema/check-object.ts';
import { applyOverlays } from './apply-overlays.ts';
import { findAutoscaled } from './find-autoscaled.ts';
import { findPlace } from './find-place.ts';
import { finishObject } from './finish-object.ts';
import { ignoredFields } from './ignored-fields.ts';
import type { Problem } from './problem.ts';
import { type Draft, startDraft } from './start-draft.ts';

/** What all apps and clusters share. While nothing of it changes, it stays one object: everything that is rendered hangs on it. */
export interface RenderContext {
  readonly fleet: Fleet;
  readonly isNamespaced: (group: string, kind: string) => boolean | undefined;
  readonly schema: MergeSchema;
  /** By the kinds of Kubernetes and of the repository. */
  readonly check: CheckObject;
}

/** One app on all clusters for which it comes out the same. No cluster is named in it. */
export interface AppRender {
  /** As it is on a cluster where nothing else is wrong. Without manifests where something is wrong with the app itself. */
  readonly rendered: RenderedApp;
  /** Everything that could be made, also beside errors: enough to see that an object stands there twice. */
  readonly manifests: readonly Manifest[];
  /** Of {@link idKey}, in the order of `manifests`. */
  readonly keys: readonly string[];
  /** Of this app alone. */
  readonly diagnostics: readonly Diagnostic[];
  /** What `rendered` adds to the digest of a cluster. */
  readonly digestText: string;
}

/**
 * Merges base, overlays and replica counts of an app, in this order; later wins (design 2, "What is applied"). Each step is made
 * once for all clusters on which it starts from the same things, and where all manifests are the same ones, so is the result.
 * `locate` is no input: where a field stands follows from the file that it is in.
 */
export function renderApp(
  { objects, overlays }: AppTarget,
  app: App,
  cluster: Cluster,
  context: RenderContext,
  { locate, memo }: { readonly locate: Locate; readonly memo: Memo },
): AppRender {
  const found: Found[] = [];
  const report: Report = (problem, source) => void found.push({ problem, source });
  const tools = { cluster, memo, report };
  const drafts = objects.map((object) => startDraft(object, tools));
  const overlayContext = { app, ...context, ...tools };
  const [before, after] = [overlays.filter((each) => !isLate(each)), overlays.filter(isLate)];
  const divided = applyOverlays(drafts, before, overlayContext).map((draft) => {
    const { draft: own, problems } = memo.share('divided', [draft], () => divideDraft(draft));
    for (const problem of problems) reportField(problem, draft, context.schema, report);
    return own;
  });
  const merged = applyOverlays(divided, after, overlayContext);
  const defaultNamespace = app.namespace ?? context.fleet.defaults.namespace;
  const manifests = merged.flatMap((draft) => {
    const inputs = [draft, context, defaultNamespace];
    const { manifest, problems } = memo.share('finished', inputs, () => finishDraft(draft, context, defaultNamespace));
    const wrong = manifest === undefined ? [] : checkManifest(manifest, context, cluster, memo);
    for (const problem of [...problems, ...wrong]) reportField(problem, draft, context.schema, report);
    return manifest === undefined ? [] : [manifest];
  });
  const settings = memo.share('settings', [app], () => settingsOf(app, memo));
  const wrong = found.flatMap(({ problem, source }) => [JSON.stringify(problem), source]);
  const ownership = memo.share('ownership', [JSON.stringify([app.adopt, app.ignore])], () => ownershipOf(app));
  return memo.share('app', [settings, ownership, ...manifests, ...wrong], () =>
    finishApp(settings, ownership, manifests, toDiagnostics(found, app, locate), memo),
  );
}

/** Whether an overlay comes after replicas were divided. */
export function isLate({ afterReplicas }: Overlay): boolean {
  return afterReplicas === true;
}

/** An app that an error keeps from being rendered: whatever runs goes on running. */
export function heldApp(app: App, diagnostics: readonly Diagnostic[]): RenderedApp {
  const { name, drift, prune, onUnplace, suspend, timeoutMs, unprotect } = app;
  const dependsOn = app.dependsOn.map((each) => each.app);
  const settings = { name, drift, prune, onUnplace, suspend, timeoutMs, unprotect, dependsOn };
  return { ...settings, state: 'held', manifests: [], diagnostics };
}

/** By meaning: ids and hashes of all manifests, in the order of printing. A held app is part of a digest by name. */
export function printForDigest({ name, state, manifests }: RenderedApp): string {
  const lines = manifests.map(({ id, apiVersion, hash }) => `${apiVersion} ${idKey(id)} ${hash}\n`);
  return `${name} ${state}\n${lines.join('')}`;
}

/** The app without what is rendered of it: the same object as long as the settings are the same, whatever else changes. */
function settingsOf(app: App, memo: Memo): RenderedApp {
  const settings = heldApp(app, []);
  return memo.share('same settings', [JSON.stringify(settings)], () => settings);
}

type Report = (problem: Problem, source: DocumentSource) => void;

interface Found {
  readonly problem: Problem;
  readonly source: DocumentSource;
}

interface FinishedDraft {
  /** Absent: one of the problems is an error. */
  readonly manifest?: Manifest;
  readonly problems: readonly Problem[];
}

/** No cluster is known here, so that a manifest is made once for all of them. A rule that needs a fact of a cluster takes it as an input. */
function finishDraft(draft: Draft, context: RenderContext, defaultNamespace: string | undefined): FinishedDraft {
  const finished = finishObject(draft.body, { isNamespaced: context.isNamespaced, defaultNamespace });
  const { problems } = finished;
  if (finished.object === undefined) return { problems };
  const manifest = {
    ...finished.object,
    hash: hashJson(finished.object.body),
    origin: originOf(draft.source),
    by: draft.by,
    overlays: draft.patches.map((patch) => originOf(patch.source)),
    autoscaled: false,
    ignored: [],
    adopt: [],
  };
  return { manifest, problems };
}

/** By the structure of its kind, once for all clusters of one version. What is never sent need not fit. */
function checkManifest(
  { body, hash, policy }: Manifest,
  context: RenderContext,
  { kubernetesVersion }: Cluster,
  memo: Memo,
): readonly Problem[] {
  if (policy.apply === 'ignore') return [];
  return memo.share('checked', [context, hash, kubernetesVersion], () => context.check(body, kubernetesVersion));
}

/** A problem of a merged object is reported where its field was written, in a patch or in the base. */
function reportField(problem: Problem, draft: Draft, schema: MergeSchema, report: Report): void {
  const { source, pointer } = findPlace(draft, problem.pointer, schema);
  report({ ...problem, pointer }, source);
}

/** This cluster's share of a divided count. An overlay that sets the count itself would be overruled in silence. */
export function divideDraft(draft: Draft): { readonly draft: Draft; readonly problems: readonly Problem[] } {
  const { body, share } = draft;
  const field = replicaField(body);
  if (share === undefined || field === undefined) return { draft, problems: [] };
  const divided = { ...draft, body: { ...body, spec: { ...mapAt(body, 'spec'), [field]: share } } };
  if (draft.countChanged !== true) return { draft: divided, problems: [] };
  const message = `an overlay sets spec.${field}, which the placement at ${draft.by.file}:${draft.by.line} divides`;
  const help = 'Change the weights of the placement, or take the field out of the overlay.';
  const pointer = `/spec/${field}`;
  return { draft: divided, problems: [{ code: 'REPLICAS_DIVIDED', severity: 'error', message, help, pointer }] };
}

function finishApp(
  settings: RenderedApp,
  ownership: Ownership,
  manifests: readonly Manifest[],
  diagnostics: readonly Diagnostic[],
  memo: Memo,
): AppRender {
  const hasError = diagnostics.some((each) => each.severity === 'error');
  const rendered = hasError ? settings : { ...settings, ...sortManifests(manifests, ownership, memo) };
  const keys = manifests.map(({ id }) => idKey(id));
  return { rendered, manifests, keys, diagnostics, digestText: printForDigest(rendered) };
}

function sortManifests(
  manifests: readonly Manifest[],
  ownership: Ownership,
  memo: Memo,
): Pick<RenderedApp, 'state' | 'manifests'> {
  const autoscaled = findAutoscaled(manifests);
  const sorted = manifests
    .map((each) => {
      const isAutoscaled = autoscaled.has(idKey(each.id));
      return memo.share('owned', [each, isAutoscaled, ownership], () => withOwnership(each, isAutoscaled, ownership));
    })
    .sort((a, b) => a.policy.wave - b.policy.wave || compareIds(a.id, b.id));
  return { state: 'rendered', manifests: sorted };
}

/** What an app says of the fields of its objects: whose are left, and whose are taken over. */
type Ownership = Pick<App, 'adopt' | 'ignore'>;

function ownershipOf({ adopt, ignore }: App): Ownership {
  return { adopt, ignore };
}

/** The same body means something else where its fields are left to others, or taken from them: that is a change, too. */
function withOwnership(manifest: Manifest, autoscaled: boolean, { adopt, ignore }: Ownership): Manifest {
  const ignored = ignoredFields(ignore, manifest.id);
  const rules: readonly JsonValue[] = [
    ...(autoscaled ? ['autoscaled'] : []),
    ...(adopt.length === 0 ? [] : [{ adopt }]),
    ...ignored.map(({ fields, managers = [] }) => ({ fields, managers })),
  ];
  if (rules.length === 0) return manifest;
  return { ...manifest, autoscaled, ignored, adopt, hash: hashJson([manifest.body, ...rules]) };
}

function toDiagnostics(found: readonly Found[], app: App, locate: Locate): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const { problem, source } of found) {
    const { code, severity, message, help, pointer, part } = problem;
    const optional = help === undefined ? {} : { help };
    const origin = locate(source, pointer, part ?? 'value');
    const diagnostic = { code, severity, message, ...optional, origin, app: app.name };
    if (!diagnostics.some((each) => explains(each, diagnostic))) diagnostics.push(diagnostic);
  }
  return diagnostics;
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
    first.origin.file === second.origin.file &&
    first.origin.line === second.origin.line &&
    first.origin.column === second.origin.column
  );
}

const VARIABLE_CODES: readonly Diagnostic['code'][] = ['UNKNOWN_VARIABLE', 'BAD_VARIABLE'];

function originOf({ file, line, column }: DocumentSource): Origin {
  return { file, line, column };
}
