import type { Bound, Placement, ReplicaRule, Weight } from '../model/fleet.ts';
import { parseSelector } from './parse-selector.ts';
import { parseTolerations } from './parse-tolerations.ts';
import { type OwnDocument, type ParseContext, reportAt } from './read-kind.ts';
import type { Parsed } from './schema.ts';

type ReplicaInput = NonNullable<Parsed<'Placement'>['spec']['replicas']>;

/** Which clusters get which objects, and how many replicas each. */
export function parsePlacement(own: OwnDocument<'Placement'>, context: ParseContext): Placement {
  const { document, source } = own;
  const { metadata, spec } = document;
  return {
    name: metadata.name,
    ...(spec.objects === undefined
      ? {}
      : { objects: spec.objects.map((each, index) => parseObject(each, index, own, context)) }),
    clusters: parseSelector(spec.clusters, source, '/spec/clusters', context),
    ...(spec.tolerations === undefined
      ? {}
      : { tolerations: parseTolerations(spec.tolerations, source, '/spec/tolerations', context) }),
    ...(spec.spread === undefined
      ? {}
      : {
          spread: spec.spread.map(({ by, min = 1, max = Number.POSITIVE_INFINITY }, index) => ({
            by,
            min,
            max,
            origin: context.locate(source, `/spec/spread/${index}`, 'value'),
          })),
        }),
    ...(spec.replicas === undefined ? {} : { replicas: parseReplicas(spec.replicas, own, context) }),
    origin: source,
  };
}

function parseObject(
  { apiVersion, kind, name, namespace }: NonNullable<Parsed<'Placement'>['spec']['objects']>[number],
  index: number,
  { source }: OwnDocument<'Placement'>,
  context: ParseContext,
): NonNullable<Placement['objects']>[number] {
  return {
    apiVersion,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    origin: context.locate(source, `/spec/objects/${index}`, 'value'),
  };
}

function parseReplicas(input: ReplicaInput, { source }: OwnDocument<'Placement'>, context: ParseContext): ReplicaRule {
  const pointer = '/spec/replicas';
  const weights = input.weights?.map(({ clusters, weight }, index): Weight => ({
    clusters: parseSelector(clusters, source, `${pointer}/weights/${index}/clusters`, context),
    weight,
  }));
  const bounds = (input.bounds ?? []).map(({ clusters, min, max }, index): Bound => {
    const bound = { min: min ?? 0, max: max ?? Number.POSITIVE_INFINITY };
    const place = `${pointer}/bounds/${index}`;
    if (bound.min > bound.max) {
      reportAt(
        source,
        place,
        { code: 'BAD_VALUE', message: `min ${bound.min} is more than max ${bound.max}` },
        context,
      );
    }
    return { clusters: parseSelector(clusters, source, `${place}/clusters`, context), ...bound };
  });
  const divides = input.total !== undefined || input.method !== undefined || weights !== undefined || bounds.length > 0;
  if (input.mode === 'duplicated' && divides) {
    const message = 'mode duplicated takes no total, method, weights or bounds';
    reportAt(
      source,
      `${pointer}/mode`,
      { code: 'BAD_VALUE', message, help: 'Write "mode: divided", or remove them.' },
      context,
    );
  }
  return {
    mode: input.mode,
    ...(input.method === undefined ? {} : { method: input.method }),
    ...(input.total === undefined ? {} : { total: input.total }),
    ...(weights === undefined ? {} : { weights }),
    ...(input.otherwiseEven === true ? { otherwiseEven: true } : {}),
    bounds,
    origin: context.locate(source, pointer, 'key'),
  };
}
