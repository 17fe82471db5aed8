import type { Origin } from '../model/diagnostic.ts';
import type { App, BaseManifest, DocumentSource, Overlay, Patch } from '../model/fleet.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { AppTarget, ClusterTarget, PlacedObject } from '../model/render.ts';
import type { Locate } from '../model/locate.ts';
import type { Manifest } from '../model/manifest.ts';
import { isObject, sameJson, textAt } from '../object/json.ts';
import { formatPointer, parsePointer } from '../object/pointer.ts';
import { replicaField } from '../object/replicas.ts';
import { createMemo } from '../memo.ts';
import { applyOverlays } from './apply-overlays.ts';
import { fieldPath, type FieldPath, followPath } from './field-path.ts';
import { finishObject } from './finish-object.ts';
import { nearestPath } from './nearest-path.ts';
import { divideDraft, isLate, type RenderContext } from './render-app.ts';
import { type Draft, startDraft } from './start-draft.ts';

/**
 * What a layer did to an object: `base` is how it is written, with variables replaced; `placement` divided its count;
 * `defaults` filled in what the manifest leaves to its app or fleet, and put Secrets into the form in which they are sent.
 */
export interface Layer {
  readonly kind: 'base' | 'overlay' | 'placement' | 'defaults';
  /** The object after it. */
  readonly body: JsonObject;
  readonly origin: Origin;
  /** Where its fields can be looked up. */
  readonly source?: DocumentSource;
  readonly patch?: Patch;
}

/** One layer that set a field, or took it away. */
export interface FieldOrigin {
  readonly kind: Layer['kind'];
  /** The line that says so. */
  readonly origin: Origin;
  /** Absent: the field is not there after this layer. */
  readonly value?: JsonValue;
}

export type FieldTrace =
  | { readonly state: 'found'; readonly pointer: string; readonly origins: readonly FieldOrigin[] }
  | { readonly state: 'unknown'; readonly meant?: string };

/** The layers of a rendered object, in the order in which they are applied. It is rendered again, alone. */
export function traceObject(
  { cluster, apps }: ClusterTarget,
  app: App,
  manifest: Manifest,
  context: RenderContext,
): readonly Layer[] {
  const target = apps.find((each) => each.app === app.name);
  const tools = { cluster, memo: createMemo(), report: () => {} };
  const drafts = target === undefined ? [] : findWritten(target, manifest).map((each) => startDraft(each, tools));
  // All that a program made of one folder begins at one place; names tell these apart, once variables are replaced.
  const written = drafts.find((each) => drafts.length === 1 || isNamed(each, manifest));
  if (target === undefined || written === undefined) return [];
  let draft = written;
  const layers: Layer[] = [{ kind: 'base', body: draft.body, origin: manifest.origin, source: draft.source }];
  const apply = (overlays: readonly Overlay[]): void => {
    for (const patch of overlays.flatMap((overlay) => overlay.patches)) {
      if (!manifest.overlays.some((each) => isAt(each, patch.source))) continue;
      const alone = { name: '', clusters: EVERYWHERE, patches: [patch], resources: [], origin: patch.source };
      const [next] = applyOverlays([draft], [alone], { app, ...context, ...tools });
      if (next === undefined || next.body === draft.body) continue;
      draft = next;
      layers.push({ kind: 'overlay', body: next.body, origin: patch.source, source: patch.source, patch });
    }
  };
  apply(target.overlays.filter((each) => !isLate(each)));
  ({ draft } = divideDraft(draft));
  if (draft.share !== undefined) layers.push({ kind: 'placement', body: draft.body, origin: manifest.by });
  apply(target.overlays.filter(isLate));
  const defaultNamespace = app.namespace ?? context.fleet.defaults.namespace;
  const finished = finishObject(draft.body, { isNamespaced: context.isNamespaced, defaultNamespace });
  if (finished.object !== undefined && !sameJson(finished.object.body, draft.body)) {
    const origin = app.namespace === undefined ? context.fleet.origin : app.origin;
    layers.push({ kind: 'defaults', body: finished.object.body, origin });
  }
  return layers;
}

const EVERYWHERE = { all: true, matchLabels: {}, matchExpressions: [], origin: { file: '', line: 1, column: 1 } };

/** The document that an object was made from: of the base, or of an overlay's resources. */
function findWritten({ objects, overlays }: AppTarget, manifest: Manifest): readonly PlacedObject[] {
  const added = overlays.flatMap(({ resources, origin }) => resources.map((base) => ({ base, by: origin })));
  return [...objects, ...added].filter(({ base }) => isAt(manifest.origin, base.source) && isOf(manifest, base));
}

/** A namespace may still be that of the app or the fleet. */
function isNamed({ body }: Draft, { id }: Manifest): boolean {
  const namespace = textAt(body, 'metadata', 'namespace') ?? id.namespace;
  return textAt(body, 'metadata', 'name') === id.name && namespace === id.namespace;
}

/** Items of a flow-style List may begin on one line; their kinds tell them apart. */
function isOf({ id }: Manifest, { body }: BaseManifest): boolean {
  return textAt(body, 'kind') === id.kind;
}

function isAt(origin: Origin, source: DocumentSource): boolean {
  return origin.file === source.file && origin.line === source.line && origin.column === source.column;
}

/** Who set a field, first to last. Layers that leave it as it is are left out. */
export function traceField(
  layers: readonly Layer[],
  pointer: string,
  context: RenderContext,
  locate: Locate,
): FieldTrace {
  const segments = parsePointer(pointer);
  const last = layers.at(-1)?.body ?? {};
  const path = segments === undefined ? undefined : findPath(layers, segments, context);
  if (path === undefined) {
    const meant = nearestPath(last, segments ?? pointer.split('/').filter((each) => each !== ''));
    return { state: 'unknown', ...(meant === undefined ? {} : { meant }) };
  }
  const origins: FieldOrigin[] = [];
  let before: JsonValue | undefined;
  for (const layer of layers) {
    const found = followPath(layer.body, path);
    const value = found.whole ? found.value : undefined;
    if (!sameJson(value, before) || decidesCount(layer, pointer)) {
      const origin = originOf(layer, path, locate);
      origins.push({ kind: layer.kind, origin, ...(value === undefined ? {} : { value }) });
    }
    before = value;
  }
  return { state: 'found', pointer: formatPointer(followPath(last, path).segments), origins };
}

/** A count that is divided is the placement's word, also where the base happens to say the same. */
function decidesCount({ kind, body }: Layer, pointer: string): boolean {
  return kind === 'placement' && pointer === `/spec/${replicaField(body)}`;
}

/** As the last layer that has the field knows it: a field that was taken away can be asked for too. */
function findPath(
  layers: readonly Layer[],
  segments: readonly string[],
  { schema }: RenderContext,
): FieldPath | undefined {
  for (const { body } of layers.toReversed()) {
    const path = fieldPath(body, segments, schema);
    if (path !== undefined) return path;
  }
  return undefined;
}

function originOf({ source, patch, origin, body }: Layer, path: FieldPath, locate: Locate): Origin {
  if (source === undefined) return origin;
  const { segments } = followPath(body, path);
  if (patch === undefined) return locate(source, formatPointer(segments), 'value');
  if (patch.kind === 'merge') {
    const within = followPath(patch.merge, path).segments;
    return locate(source, patch.contentPointer + formatPointer(within), 'value');
  }
  const index = patch.ops.findLastIndex((op) => concerns(op, segments));
  return locate(source, `${patch.contentPointer}${index < 0 ? '' : `/${index}`}`, 'value');
}

/** Whether an operation writes the field, something around it, or something in it. */
function concerns(op: JsonValue, segments: readonly string[]): boolean {
  const written = isObject(op) ? parsePointer(textAt(op, 'path') ?? '') : undefined;
  return (
    written !== undefined &&
    segments.every((segment, index) => written[index] === undefined || written[index] === segment)
  );
}
