import type { BaseManifest, ClusterSelector, DocumentSource } from '../../model/fleet.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { apiVersionOf, groupOf } from '../../object/id.ts';
import { IDENTITY_FIELDS } from '../../object/identity-fields.ts';
import { mapAt, omit, textAt } from '../../object/json.ts';
import { isNamespaced, nearestKind } from '../../object/kinds.ts';
import { formatPointer } from '../../object/pointer.ts';
import { refusePatterns } from '../federations/exact-names.ts';
import type { Change, FederatedObject, Format } from '../federations/imported.ts';
import { LabelSelector, parseLabels } from '../federations/label-selector.ts';
import { documentShape, readDocument, refuseField } from '../federations/read-document.ts';
import { type ParseContext, type RawDocument, reportAt } from '../read-kind.ts';
import { AnyMap, Text, z } from '../shape.ts';

const VERSION = 'types.kubefed.io/v1beta1';
const PREFIX = 'Federated';

const Shape = documentShape(
  VERSION,
  z.strictObject({
    template: AnyMap.optional(),
    placement: z
      .strictObject({
        clusters: z.array(z.strictObject({ name: Text })).nullish(),
        clusterSelector: LabelSelector.optional(),
      })
      .optional(),
    overrides: z
      .array(
        z.strictObject({
          clusterName: Text,
          clusterOverrides: z.array(
            z.strictObject({
              path: Text,
              op: z.enum(['add', 'remove', 'replace']).optional(),
              value: z.custom<JsonValue>().optional(),
            }),
          ),
        }),
      )
      .optional(),
    retainReplicas: z.boolean().optional(),
  }),
);

type Spec = z.infer<typeof Shape>['spec'];

/** KubeFed: an object, where it goes, and what is different there. */
export const federatedObject: Format = {
  group: 'types.kubefed.io',
  version: 'v1beta1',
  kind: 'Federated<Kind>',
  owns: (kind) => kind.startsWith(PREFIX) && kind.length > PREFIX.length,
  parse: parseObject,
};

function parseObject(raw: RawDocument, context: ParseContext): FederatedObject | undefined {
  const { source } = raw;
  const kind = textAt(raw.value, 'kind') ?? '';
  const document = readDocument(kind, VERSION, Shape, raw, context);
  if (document === undefined) return undefined;
  const { metadata, spec } = document;
  if (spec.template === undefined && kind !== 'FederatedNamespace') {
    reportAt(source, '/spec', { code: 'MISSING_FIELD', message: `${kind} needs "spec.template"` }, context);
    return undefined;
  }
  if (spec.retainReplicas === true) {
    const reason = 'counts in the clusters are not kept against the repository';
    const help = 'Let a HorizontalPodAutoscaler in the repository own the count, or remove it.';
    refuseField(source, '/spec/retainReplicas', reason, help, context);
  }
  const base = parseTemplate(kind, metadata, spec.template ?? {}, source, context);
  if (base === undefined) return undefined;
  const namespace = textAt(base.body, 'metadata', 'namespace');
  return {
    kind: 'object',
    from: base.from ?? kind,
    name: metadata.name,
    ...(namespace === undefined ? {} : { namespace }),
    source,
    base,
    clusters: parsePlacement(spec.placement, source, context),
    changes: parseOverrides(spec, source, context),
  };
}

/** The object itself. Its name and namespace are those of the document, whatever the template says (KubeFed). */
function parseTemplate(
  kind: string,
  { name, namespace }: z.infer<typeof Shape>['metadata'],
  template: JsonObject,
  source: DocumentSource,
  context: ParseContext,
): (BaseManifest & { readonly from: string }) | undefined {
  const target = kind.slice(PREFIX.length);
  const apiVersion = textAt(template, 'apiVersion') ?? builtinVersion(target);
  if (apiVersion === undefined) {
    const message = `which API "${target}" belongs to is not known`;
    const help = 'Write apiVersion and kind into spec.template.';
    reportAt(source, '/spec/template', { code: 'UNKNOWN_KIND', message, help }, context);
    return undefined;
  }
  const inner = mapAt(template, 'metadata');
  const clusterScoped = isNamespaced({ group: groupOf(apiVersion), kind: target }) === false;
  const place = clusterScoped ? undefined : (namespace ?? 'default');
  for (const [field, wanted] of [
    ['kind', target],
    ['name', name],
    ['namespace', place],
  ] as const) {
    const pointer = field === 'kind' ? ['kind'] : ['metadata', field];
    const found = textAt(template, ...pointer);
    if (found === undefined || found === wanted) continue;
    const message = `the template says ${pointer.join('.')} "${found}", and the ${kind} around it "${wanted ?? ''}"`;
    reportAt(
      source,
      `/spec/template${formatPointer(pointer)}`,
      { code: 'BAD_VALUE', message, help: 'Remove it from the template.' },
      context,
    );
  }
  const metadata = {
    name,
    ...(place === undefined ? {} : { namespace: place }),
    ...omit(inner, ['name', 'namespace']),
  };
  return {
    body: { apiVersion, kind: target, metadata, ...omit(template, ['apiVersion', 'kind', 'metadata']) },
    source: { ...source, pointer: `${source.pointer}/spec/template` },
    from: `${kind} ${place === undefined ? '' : `${place}/`}${name}`,
  };
}

/** Groups of Kubernetes whose stable version is not v1. */
const STABLE_VERSIONS: Readonly<Record<string, string>> = { autoscaling: 'v2' };

function builtinVersion(kind: string): string | undefined {
  const known = nearestKind({ group: '', kind });
  if (known?.kind !== kind) return undefined;
  return apiVersionOf(known.group, STABLE_VERSIONS[known.group] ?? 'v1');
}

/** A list of clusters, even an empty one, beats the selector; an empty selector is every cluster; neither is none. */
function parsePlacement(input: Spec['placement'], source: DocumentSource, context: ParseContext): ClusterSelector {
  const pointer = '/spec/placement';
  const none = { all: false, matchLabels: {}, matchExpressions: [] };
  if (input?.clusters != null) {
    const names = input.clusters.map(({ name }) => name);
    refusePatterns(names, source, (index) => `${pointer}/clusters/${index}/name`, context);
    return { ...none, names, origin: context.locate(source, `${pointer}/clusters`, 'key') };
  }
  if (input?.clusterSelector === undefined) {
    return { ...none, names: [], origin: context.locate(source, pointer, 'key') };
  }
  const labels = parseLabels(input.clusterSelector, source, `${pointer}/clusterSelector`, context);
  const all = Object.keys(labels.matchLabels).length + labels.matchExpressions.length === 0;
  return { all, ...labels, origin: context.locate(source, `${pointer}/clusterSelector`, 'key') };
}

/** What KubeFed refuses to override, because it would be another object. */
const IDENTITY = ['/metadata/generateName', ...IDENTITY_FIELDS.map(formatPointer)];

function parseOverrides({ overrides = [] }: Spec, source: DocumentSource, context: ParseContext): readonly Change[] {
  return overrides.map(({ clusterName, clusterOverrides }, index) => {
    const pointer = `/spec/overrides/${index}/clusterOverrides`;
    refusePatterns([clusterName], source, () => `/spec/overrides/${index}/clusterName`, context);
    for (const [position, { path }] of clusterOverrides.entries()) {
      if (!IDENTITY.includes(path)) continue;
      const message = `an override cannot change "${path}": it decides which object it is`;
      reportAt(
        source,
        `${pointer}/${position}/path`,
        { code: 'IDENTITY_CHANGED', message, help: 'Remove it.' },
        context,
      );
    }
    const clusters = {
      all: false,
      names: [clusterName],
      matchLabels: {},
      matchExpressions: [],
      origin: context.locate(source, `/spec/overrides/${index}/clusterName`, 'value'),
    };
    const ops = clusterOverrides.map(({ path, op = 'replace', value }): JsonValue => ({
      op,
      path,
      ...(value === undefined ? {} : { value }),
    }));
    return { clusters, ops, pointer };
  });
}
