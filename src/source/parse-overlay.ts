import type { Expansion } from '../model/extensions.ts';
import type { ClusterSelector, Overlay, Patch, PatchTarget } from '../model/fleet.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { compareText, groupOf, versionOf } from '../object/id.ts';
import { isObject, textAt } from '../object/json.ts';
import { isManifestFile } from '../read-file.ts';
import { parseSelector } from './parse-selector.ts';
import { parseValues, splitValues } from './parse-values.ts';
import {
  type OwnDocument,
  ownKindOf,
  type ParseContext,
  type RawDocument,
  readDocuments,
  reportAt,
  reportUnexpected,
} from './read-kind.ts';

/** A file of kind Overlay. */
export function parseOverlay(
  { document, source }: OwnDocument<'Overlay'>,
  isChart: boolean,
  context: ParseContext,
): Overlay {
  const { metadata, spec } = document;
  if (spec.patches === undefined && spec.values === undefined) {
    const message = `Overlay needs "spec.patches"${isChart ? ' or "spec.values"' : ', which must be a list'}`;
    reportAt(source, '/spec/patches', { code: 'MISSING_FIELD', message }, context);
  }
  if (spec.values !== undefined && !isChart) {
    const message = 'values are for charts, and the base of this app is none';
    reportAt(source, '/spec/values', { code: 'BAD_VALUE', message, help: 'Write patches.' }, context);
  }
  const patches = (spec.patches ?? []).flatMap(({ target, ops, merge }, index): readonly Patch[] => {
    const place = `/spec/patches/${index}`;
    const { labelSelector, ...rest } = target;
    const parsed: PatchTarget = {
      ...withoutUndefined(rest),
      ...(labelSelector === undefined ? {} : { matchLabels: parseLabels(labelSelector, place, source, context) }),
      single: false,
    };
    if (Object.keys(target).every((part) => part === 'optional')) {
      reportAt(
        source,
        `${place}/target`,
        { code: 'BAD_VALUE', message: 'the target names nothing', help: 'Name at least a kind.' },
        context,
      );
    }
    if ((ops === undefined) === (merge === undefined)) {
      reportAt(source, place, { code: 'BAD_VALUE', message: 'a patch has either ops (RFC 6902) or merge' }, context);
      return [];
    }
    const own = { ...source, ...context.locate(source, place, 'value') };
    const field = ops === undefined ? 'merge' : 'ops';
    const base = { target: parsed, source: own, contentPointer: `${place}/${field}` };
    if (ops !== undefined) return [{ ...base, kind: 'json', ops }];
    return merge === undefined ? [] : [{ ...base, kind: 'merge', merge }];
  });
  return {
    name: metadata.name,
    clusters: parseSelector(spec.clusters, source, '/spec/clusters', context),
    patches,
    resources: [],
    ...(spec.values === undefined
      ? {}
      : { values: [{ values: spec.values, source: { ...source, pointer: '/spec/values' } }] }),
    ...(spec.afterReplicas === true ? { afterReplicas: true } : {}),
    origin: source,
  };
}

/**
 * A folder below `overlays/`. Its name says for which clusters: a cluster's name, or a label as `region=eu`. Its files
 * are partial objects; those below `resources/` are whole ones. Of a chart it may also hold `values.yaml`.
 */
export function parseOverlayFolder(
  folder: string,
  all: readonly RegularFile[],
  isChart: boolean,
  parseManifests: (file: RegularFile) => Expansion,
  context: ParseContext,
): Overlay {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const [valuesFiles, files] = isChart ? splitValues(folder, all) : [[], all];
  const values = valuesFiles.flatMap((file) => parseValues(file, context) ?? []);
  const [patchFiles, resourceFiles] = [
    files.filter((file) => !isResource(folder, file)),
    files.filter((file) => isResource(folder, file)),
  ];
  const patches = patchFiles.flatMap((file) => {
    if (!isManifestFile(file.path)) return [];
    if (file.path.slice(folder.length + 1).includes('/')) {
      context.report({
        code: 'MISPLACED_FILE',
        severity: 'error',
        message: 'an overlay folder holds patches, and below resources/ whole objects',
        help: `Move the file to ${folder}/ or ${folder}/resources/.`,
        origin: { file: file.path, line: 1, column: 1 },
      });
      return [];
    }
    return readDocuments(file, context).flatMap((raw) => parsePartial(raw, context));
  });
  const expansions = resourceFiles.filter((file) => isManifestFile(file.path)).map(parseManifests);
  for (const diagnostic of expansions.flatMap((each) => each.diagnostics)) context.report(diagnostic);
  const origin = { file: all[0]?.path ?? folder, line: 1, column: 1 };
  return {
    name,
    clusters: folderSelector(name, origin),
    patches,
    resources: expansions.flatMap((each) => each.manifests),
    ...(values.length === 0 ? {} : { values }),
    origin,
  };
}

/**
 * By label or selector first, then by cluster name; within one class by path. Later wins, so the more special does. Those
 * that come after the division of replicas are in the order of their files and lines.
 */
export function sortOverlays(overlays: readonly Overlay[]): readonly Overlay[] {
  const rank = ({ clusters, afterReplicas }: Overlay): number =>
    afterReplicas === true ? 2 : isByName(clusters) ? 1 : 0;
  return overlays.toSorted(
    (a, b) => rank(a) - rank(b) || compareText(a.origin.file, b.origin.file) || a.origin.line - b.origin.line,
  );
}

function isByName({ names, matchLabels, matchExpressions, matchFields = [] }: ClusterSelector): boolean {
  return (
    names !== undefined &&
    names.every((name) => !/[*?]/.test(name)) &&
    Object.keys(matchLabels).length + matchExpressions.length + matchFields.length === 0
  );
}

function folderSelector(name: string, origin: Overlay['origin']): ClusterSelector {
  const [key, ...rest] = name.split('=');
  const base = { all: false, matchLabels: {}, matchExpressions: [], origin };
  return key === undefined || rest.length === 0
    ? { ...base, names: [name] }
    : { ...base, matchLabels: { [key]: rest.join('=') } };
}

function isResource(folder: string, file: RegularFile): boolean {
  return file.path.startsWith(`${folder}/resources/`);
}

/** A patch file says which object it is for by what every object says of itself. */
function parsePartial(raw: RawDocument, context: ParseContext): readonly Patch[] {
  const { value, source } = raw;
  if (ownKindOf(raw) !== undefined) {
    reportUnexpected(raw, [], 'a folder of patches', context);
    return [];
  }
  const [apiVersion, kind, name] = [
    textAt(value, 'apiVersion'),
    textAt(value, 'kind'),
    textAt(value, 'metadata', 'name'),
  ];
  if (apiVersion !== undefined && groupOf(apiVersion) === 'kustomize.config.k8s.io') {
    const message = 'an overlay folder holds patches, and a kustomization in it is not read';
    const help = 'Put what it patches into files here, each a partial object.';
    reportAt(source, '/kind', { code: 'NOT_SUPPORTED', message, help }, context);
    return [];
  }
  if (!isObject(value) || apiVersion === undefined || kind === undefined || name === undefined) {
    reportAt(
      source,
      '',
      {
        code: 'NOT_A_MANIFEST',
        message: 'a patch is a partial object: it needs apiVersion, kind and metadata.name',
        help: 'For JSON patches write a file of kind Overlay.',
      },
      context,
    );
    return [];
  }
  const namespace = textAt(value, 'metadata', 'namespace');
  const target = {
    group: groupOf(apiVersion),
    version: versionOf(apiVersion),
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    single: true,
  };
  return [{ kind: 'merge', target, merge: value, source, contentPointer: '' }];
}

/** `app=web,tier=front`: equality only, as overlays need no more. */
function parseLabels(
  text: string,
  place: string,
  source: RawDocument['source'],
  context: ParseContext,
): Record<string, string> {
  const pairs = text.split(',').map(parsePair);
  if (pairs.includes(undefined)) {
    reportAt(
      source,
      `${place}/target/labelSelector`,
      { code: 'BAD_VALUE', message: `"${text}" is no list of labels`, help: 'Write key=value, separated by commas.' },
      context,
    );
  }
  return Object.fromEntries(pairs.filter((pair) => pair !== undefined));
}

function parsePair(text: string): readonly [key: string, value: string] | undefined {
  const [key = '', value, ...rest] = text.split(/==?/).map((part) => part.trim());
  if (key === '' || value === undefined || rest.length > 0 || /[!\s]/.test(key + value)) return undefined;
  return [key, value];
}

function withoutUndefined<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  // oxlint-disable-next-line no-unsafe-type-assertion -- what is undefined was taken out
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>;
  };
}
