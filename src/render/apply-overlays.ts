import type { App, Cluster, DocumentSource, Fleet, Overlay, Patch, PatchTarget } from '../model/fleet.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Memo } from '../memo.ts';
import { groupOf, versionOf } from '../object/id.ts';
import { at, mapAt, sameJson, textAt } from '../object/json.ts';
import type { MergeSchema } from '../object/merge-keys.ts';
import { namespaceOf } from '../object/namespace-of.ts';
import { nearestName } from '../object/nearest.ts';
import { replicaField } from '../object/replicas.ts';
import { applyOperations } from './apply-operations.ts';
import type { Problem } from './problem.ts';
import { strategicMerge } from './strategic-merge.ts';
import { type Draft, startDraft } from './start-draft.ts';
import { substituteShared } from './substitute-shared.ts';

export interface OverlayContext {
  readonly cluster: Cluster;
  readonly app: App;
  readonly fleet: Fleet;
  readonly schema: MergeSchema;
  readonly memo: Memo;
  readonly report: (problem: Problem, source: DocumentSource) => void;
}

/** Applies the patches of each overlay and adds its resources, one overlay after the other. */
export function applyOverlays(
  drafts: readonly Draft[],
  overlays: readonly Overlay[],
  context: OverlayContext,
): readonly Draft[] {
  return overlays.reduce((current, overlay) => applyOverlay(current, overlay, context), drafts);
}

function applyOverlay(drafts: readonly Draft[], overlay: Overlay, context: OverlayContext): readonly Draft[] {
  const patched = overlay.patches.reduce((current, patch) => applyPatch(current, patch, context), drafts);
  const added = overlay.resources.map((base) => startDraft({ base, by: overlay.origin }, context));
  return [...patched, ...added];
}

function applyPatch(drafts: readonly Draft[], patch: Patch, context: OverlayContext): readonly Draft[] {
  const matches = drafts.filter((draft) => isTarget(draft.body, patch.target, context));
  if (matches.length === 0 && patch.target.optional === true) return drafts;
  const wrong = targetProblem(matches, drafts, patch, context);
  if (wrong !== undefined) {
    context.report(wrong, patch.source);
    return drafts;
  }
  const { cluster, schema, memo } = context;
  const content = substituteShared(patch.kind === 'merge' ? patch.merge : patch.ops, cluster, memo);
  for (const problem of content.problems) context.report(below(problem, patch), patch.source);
  return drafts.flatMap((draft) => {
    if (!matches.includes(draft)) return [draft];
    const inputs = [draft, patch, content.value, schema];
    const patched = memo.share('patched', inputs, () => patchDraft(draft, patch, content.value, schema));
    for (const problem of patched.problems) context.report(below(problem, patch), patch.source);
    return patched.drafts;
  });
}

interface Patched {
  /** One, or none where the patch deletes the object. */
  readonly drafts: readonly Draft[];
  readonly problems: readonly Problem[];
}

function patchDraft(draft: Draft, patch: Patch, content: JsonValue, schema: MergeSchema): Patched {
  const secret = draft.body['kind'] === 'Secret';
  const result =
    patch.kind === 'json'
      ? applyOperations(draft.body, content, { secret })
      : strategicMerge(draft.body, asMap(content), schema);
  if (result.state === 'failed') return { drafts: [draft], problems: result.problems };
  if (result.state === 'deleted') return { drafts: [], problems: result.warnings };
  const countChanged = draft.countChanged === true || changesCount(draft.body, result.object);
  const patched = { ...draft, body: result.object, patches: [...draft.patches, patch], countChanged };
  return { drafts: [patched], problems: result.warnings };
}

function changesCount(before: JsonObject, after: JsonObject): boolean {
  const field = replicaField(before);
  return field !== undefined && !sameJson(at(before, 'spec', field), at(after, 'spec', field));
}

function isTarget(body: JsonObject, target: PatchTarget, context: OverlayContext): boolean {
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  const namespace = namespaceOf(body, context.app, context.fleet.defaults);
  const labels = mapAt(body, 'metadata', 'labels');
  return (
    (target.group === undefined || target.group === groupOf(apiVersion)) &&
    (target.version === undefined || target.version === versionOf(apiVersion)) &&
    (target.kind === undefined || target.kind === textAt(body, 'kind')) &&
    (target.name === undefined || target.name === textAt(body, 'metadata', 'name')) &&
    (target.namespace === undefined || target.namespace === namespace) &&
    Object.entries(target.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  );
}

/** A patch that matches nothing is a typo; one that names an object and matches several would change too much. */
function targetProblem(
  matches: readonly Draft[],
  drafts: readonly Draft[],
  patch: Patch,
  context: OverlayContext,
): Problem | undefined {
  const { target } = patch;
  const pointer = target.single ? '/metadata/name' : patch.contentPointer.replace(/\/[^/]*$/, '/target');
  const named = target.single || target.name !== undefined;
  const wanted = describeTarget(target);
  if (matches.length > 1 && named) {
    const places = matches.map(({ source }) => `${source.file}:${source.line}`).join(' and ');
    return {
      code: 'AMBIGUOUS_TARGET',
      severity: 'error',
      message: `the patch for ${wanted} matches ${matches.length} objects: ${places}`,
      help: 'Add the namespace, or the API group.',
      pointer,
    };
  }
  if (matches.length > 0) return undefined;
  const help = nearMiss(drafts, target, context) ?? suggestion(drafts, target);
  return {
    code: 'NO_TARGET',
    severity: 'error',
    message: `the patch for ${wanted} matches no object of the app`,
    help,
    pointer,
  };
}

/** The kind and the name are right, and something else is not: say what is there. */
function nearMiss(drafts: readonly Draft[], target: PatchTarget, context: OverlayContext): string | undefined {
  const { kind, name, matchLabels } = target;
  if (kind === undefined) return undefined;
  const loose: PatchTarget = { kind, ...(name === undefined ? {} : { name }), single: false };
  const found = drafts.find(({ body }) => isTarget(body, loose, context));
  if (found === undefined) return undefined;
  const { body } = found;
  const namespace = namespaceOf(body, context.app, context.fleet.defaults);
  const labels = Object.entries(mapAt(body, 'metadata', 'labels')).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : '…'}`,
  );
  return [
    `The app has ${textAt(body, 'apiVersion') ?? ''} ${kind} ${textAt(body, 'metadata', 'name') ?? ''}`,
    ...(namespace === undefined ? [] : [` in namespace "${namespace}"`]),
    ...(matchLabels === undefined
      ? []
      : [` with ${labels.length === 0 ? 'no labels' : `labels ${labels.join(', ')}`}`]),
    '.',
  ].join('');
}

function suggestion(drafts: readonly Draft[], { kind, name }: PatchTarget): string {
  const known = drafts.map(({ body }) => `${textAt(body, 'kind') ?? ''} ${textAt(body, 'metadata', 'name') ?? ''}`);
  const nearest = nearestName(`${kind ?? ''} ${name ?? ''}`.trim(), known);
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  return `The app has: ${[...new Set(known)].slice(0, 10).join(', ') || 'nothing'}.`;
}

function describeTarget(target: PatchTarget): string {
  const { group, version, kind, name, namespace, matchLabels } = target;
  const api = [group, version].filter((each) => each !== undefined && each !== '').join('/');
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const id = [namespace, name].filter((each) => each !== undefined).join('/');
  return [api, kind ?? 'any kind', id, ...labels].filter((each) => each !== '').join(' ');
}

/** Problems count from the patch's content; the content may stand deeper in its document. */
function below<Item extends { readonly pointer: string }>(problem: Item, patch: Patch): Item {
  return { ...problem, pointer: patch.contentPointer + problem.pointer };
}

function asMap(value: JsonValue): JsonObject {
  return mapAt({ value }, 'value');
}
