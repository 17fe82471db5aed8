import type { App, BaseManifest, FleetConfig, Placement } from '../model/fleet.ts';
import { groupOf } from '../object/id.ts';
import { at, textAt } from '../object/json.ts';
import { namespaceOf } from '../object/namespace-of.ts';
import { replicaField } from '../object/replicas.ts';
import type { Report } from './select-reported.ts';

/** An object that a chart renders differently on some clusters is still one object: its replicas are divided among all. */
export interface Variants {
  /** Names of the clusters that have the object in any form; `undefined`: it is not limited to some. */
  clustersWith(base: BaseManifest): ReadonlySet<string> | undefined;
  /** Reports a count to divide that the variants do not agree on. */
  checkCounts(base: BaseManifest, placement: Placement, report: Report): void;
}

interface Group {
  readonly clusters: ReadonlySet<string>;
  readonly counts: ReadonlySet<unknown>;
}

export function findVariants(app: App, config: FleetConfig): Variants {
  const keyOf = (base: BaseManifest): string => {
    const { body } = base;
    const group = groupOf(textAt(body, 'apiVersion') ?? '');
    return [
      group,
      textAt(body, 'kind'),
      namespaceOf(body, app, config.fleet.defaults),
      textAt(body, 'metadata', 'name'),
    ].join('/');
  };
  const groups = Map.groupBy(
    app.base.filter((base) => base.only !== undefined),
    keyOf,
  );
  const variants = new Map(
    [...groups.values()].flatMap((bases) => {
      const group: Group = {
        clusters: new Set(bases.flatMap(({ only }) => [...(only ?? [])])),
        counts: new Set(bases.map(countOf)),
      };
      return bases.map((base) => [base, group] as const);
    }),
  );
  return {
    clustersWith: (base) => variants.get(base)?.clusters,
    checkCounts: (base, { replicas }, report) => {
      if (replicas?.mode !== 'divided' || replicas.total !== undefined) return;
      if ((variants.get(base)?.counts.size ?? 0) < 2) return;
      const what = `${textAt(base.body, 'kind') ?? ''} "${textAt(base.body, 'metadata', 'name') ?? ''}"`;
      report({
        code: 'REPLICAS_IMPOSSIBLE',
        severity: 'error',
        message: `the replicas of ${what} cannot be divided: its count is not the same on all clusters`,
        help: 'Give spec.replicas.total in the placement, or take the count out of the values of some clusters.',
        origin: replicas.origin,
      });
    },
  };
}

function countOf({ body }: BaseManifest): unknown {
  const field = replicaField(body);
  return field === undefined ? undefined : at(body, 'spec', field);
}
