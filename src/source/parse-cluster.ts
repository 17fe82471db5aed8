import type { Cluster, Connection } from '../model/fleet.ts';
import { type OwnDocument, type ParseContext, reportAt } from './read-kind.ts';
import type { Parsed } from './schema.ts';

/** Each cluster has a commit status `muster/NAME`, and these two exist besides. */
const RESERVED_NAMES: readonly string[] = ['fleet', 'drift'];

/** One member of the fleet. */
export function parseCluster({ document, source }: OwnDocument<'Cluster'>, context: ParseContext): Cluster {
  const { metadata, spec } = document;
  if (RESERVED_NAMES.includes(metadata.name)) {
    const message = `a cluster cannot be called "${metadata.name}": the commit status muster/${metadata.name} is the fleet's own`;
    reportAt(source, '/metadata/name', { code: 'BAD_NAME', message, help: 'Give it another name.' }, context);
  }
  const connection = parseConnection(spec.connection);
  if (connection === undefined) {
    const message = 'connection needs exactly one of secretRef, context and inCluster';
    reportAt(source, '/spec/connection', { code: 'BAD_VALUE', message }, context);
  }
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    connection: connection ?? { kind: 'in-cluster' },
    endpoints: spec.endpoints ?? [],
    ...(spec.provider === undefined ? {} : { provider: spec.provider }),
    ...(spec.region === undefined ? {} : { region: spec.region }),
    zones: spec.zones ?? [],
    ...(spec.taints === undefined
      ? {}
      : { taints: spec.taints.map(({ key, value = '', effect }) => ({ key, value, effect })) }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.kubernetesVersion === undefined ? {} : { kubernetesVersion: spec.kubernetesVersion }),
    variables: spec.variables ?? {},
    suspend: spec.suspend ?? false,
    origin: source,
  };
}

function parseConnection({
  secretRef,
  context,
  inCluster,
}: Parsed<'Cluster'>['spec']['connection']): Connection | undefined {
  const given: readonly Connection[] = [
    ...(secretRef === undefined ? [] : [{ kind: 'secret', name: secretRef.name } as const]),
    ...(context === undefined ? [] : [{ kind: 'context', context } as const]),
    ...(inCluster === undefined ? [] : [{ kind: 'in-cluster' } as const]),
  ];
  return given.length === 1 ? given[0] : undefined;
}
