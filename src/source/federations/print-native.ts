import type {
  App,
  BaseManifest,
  ClusterSelector,
  ObjectSelector,
  Overlay,
  Patch,
  Placement,
  ReplicaRule,
  Toleration,
} from '../../model/fleet.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { compareText, groupOf } from '../../object/id.ts';
import { textAt } from '../../object/json.ts';
import { API_VERSION } from '../schema.ts';

/** One file of a fleet repository: its path, and its documents. */
export interface NativeFile {
  readonly path: string;
  readonly documents: readonly JsonValue[];
}

/**
 * What files of other federations say of an app, as files of our own; none where there is nothing of theirs. With them in
 * the place of theirs every cluster gets the same. `taken`: paths that no file may have. Objects that are nowhere have no
 * native form and are left out.
 */
export function printNative(app: App, taken: ReadonlySet<string>): readonly NativeFile[] {
  const folder = `apps/${app.name}`;
  const free = createNamer(taken);
  const nowhere = app.placements.filter(({ clusters }) => clusters.names?.length === 0);
  const isSomewhere = (object: ObjectSelector): boolean =>
    !nowhere.some(({ objects = [] }) => objects.some((each) => isSame(each, object)));
  const base = app.base.filter((each) => each.from !== undefined && isSomewhere(selectorOf(each, app)));
  const names = createNamer(new Set(app.placements.flatMap((each) => (each.from === undefined ? each.name : []))));
  const placements = app.placements
    .filter((each) => each.from !== undefined && !nowhere.includes(each))
    .map((each) => printPlacement(each, names(toName(each.name))));
  const overlayNames = createNamer(new Set(app.overlays.flatMap((each) => (each.from === undefined ? each.name : []))));
  const overlays = app.overlays
    .filter(({ from, patches }) => from !== undefined && patches.every((patch) => isSomewhere(objectOf(patch))))
    .map((each) => printOverlay(each, overlayNames(toName(each.name))));
  return [
    ...base.map(({ body }) => ({ path: free(`${folder}/base/${fileOf(body)}`, '.yaml'), documents: [body] })),
    ...(placements.length === 0 ? [] : [{ path: free(`${folder}/placement`, '.yaml'), documents: placements }]),
    ...(overlays.length === 0 ? [] : [{ path: free(lastOverlay(app, taken), '.yaml'), documents: overlays }]),
  ];
}

/**
 * Where overlays come after all others, as imported ones do: those after the division of replicas are in the order of their
 * files. Without the ending of the file.
 */
function lastOverlay({ name, overlays }: App, taken: ReadonlySet<string>): string {
  const plain = `apps/${name}/overlays/imported`;
  const files = overlays.flatMap(({ from, afterReplicas, origin }) =>
    from === undefined && afterReplicas === true ? [origin.file] : [],
  );
  const last = files.sort(compareText).at(-1);
  if (last === undefined || (compareText(`${plain}.yaml`, last) > 0 && !taken.has(`${plain}.yaml`))) return plain;
  // "_" comes after the dot before the ending, so that this is behind the last one whatever follows it.
  return `${last.replace(/\.[^.]*$/, '')}_imported`;
}

/** Gives each name once: the second is called `-2`. */
function createNamer(taken: ReadonlySet<string>): (name: string, ending?: string) => string {
  const used = new Set(taken);
  return (name, ending = '') => {
    let free = name + ending;
    for (let number = 2; used.has(free); number += 1) free = `${name}-${number}${ending}`;
    used.add(free);
    return free;
  };
}

/** Names of policies may hold dots, and be longer than ours. */
function toName(text: string): string {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
  return name.slice(0, 55).replaceAll(/^-+|-+$/g, '');
}

function fileOf(body: JsonObject): string {
  return `${(textAt(body, 'kind') ?? '').toLowerCase()}-${toName(textAt(body, 'metadata', 'name') ?? '')}`;
}

function selectorOf({ body, source }: BaseManifest, app: App): ObjectSelector {
  const namespace = textAt(body, 'metadata', 'namespace') ?? app.namespace;
  return {
    apiVersion: textAt(body, 'apiVersion') ?? '',
    kind: textAt(body, 'kind') ?? '',
    name: textAt(body, 'metadata', 'name') ?? '',
    ...(namespace === undefined ? {} : { namespace }),
    origin: source,
  };
}

function objectOf({ target, source }: Patch): ObjectSelector {
  const { group = '', kind = '', name, namespace } = target;
  return {
    apiVersion: group === '' ? 'v1' : `${group}/v1`,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    origin: source,
  };
}

function isSame(a: ObjectSelector, b: ObjectSelector): boolean {
  return (
    groupOf(a.apiVersion) === groupOf(b.apiVersion) &&
    a.kind === b.kind &&
    a.name === b.name &&
    (a.namespace === undefined || b.namespace === undefined || a.namespace === b.namespace)
  );
}

function documentOf(kind: string, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec };
}

function printPlacement(
  { objects = [], clusters, tolerations = [], spread = [], replicas }: Placement,
  name: string,
): JsonObject {
  return documentOf('Placement', name, {
    objects: objects.map(({ origin: _origin, ...each }) => each),
    clusters: printSelector(clusters),
    ...(tolerations.length === 0 ? {} : { tolerations: tolerations.map(printToleration) }),
    ...(spread.length === 0
      ? {}
      : { spread: spread.map(({ by, min, max }) => ({ by, min, ...(max === Infinity ? {} : { max }) })) }),
    ...(replicas === undefined ? {} : { replicas: printReplicas(replicas) }),
  });
}

function printToleration({ key, operator, value, effect }: Toleration): JsonObject {
  return {
    ...(key === undefined ? {} : { key }),
    operator,
    ...(value === '' ? {} : { value }),
    ...(effect === undefined ? {} : { effect }),
  };
}

function printReplicas({ mode, method, total, weights, otherwiseEven, bounds }: ReplicaRule): JsonObject {
  return {
    mode,
    ...(method === undefined ? {} : { method }),
    ...(total === undefined ? {} : { total }),
    ...(weights === undefined
      ? {}
      : { weights: weights.map(({ clusters, weight }) => ({ clusters: printSelector(clusters), weight })) }),
    ...(otherwiseEven === true ? { otherwiseEven } : {}),
    ...(bounds.length === 0
      ? {}
      : {
          bounds: bounds.map(({ clusters, min, max }) => ({
            clusters: printSelector(clusters),
            min,
            ...(max === Infinity ? {} : { max }),
          })),
        }),
  };
}

function printOverlay({ clusters, afterReplicas, patches }: Overlay, name: string): JsonObject {
  return documentOf('Overlay', name, {
    clusters: printSelector(clusters),
    ...(afterReplicas === true ? { afterReplicas } : {}),
    patches: patches.map((patch) => {
      const { single: _single, matchLabels: _labels, ...target } = patch.target;
      return patch.kind === 'json' ? { target, ops: patch.ops } : { target, merge: patch.merge };
    }),
  });
}

function printSelector({
  all,
  names,
  matchLabels,
  matchExpressions,
  matchFields = [],
  exclude,
}: ClusterSelector): JsonObject {
  const expression = ({ key, operator, values }: { key: string; operator: string; values: readonly string[] }) => ({
    key,
    operator,
    ...(values.length === 0 ? {} : { values }),
  });
  return {
    ...(all ? { all } : {}),
    ...(names === undefined ? {} : { names }),
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions: matchExpressions.map(expression) }),
    ...(matchFields.length === 0 ? {} : { matchFields: matchFields.map(expression) }),
    ...(exclude === undefined ? {} : { exclude: printSelector(exclude) }),
  };
}
