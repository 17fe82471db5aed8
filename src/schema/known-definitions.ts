import type { App, Patch } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import { at, textAt } from '../object/json.ts';

/**
 * The CustomResourceDefinitions of a repository that are the same on every cluster: those of a base or of an overlay's
 * resources whose `spec` no patch touches. What a patched one allows depends on the cluster, so nothing is checked by it.
 */
export function knownDefinitions(apps: readonly App[]): readonly JsonObject[] {
  return apps.flatMap(({ base, overlays }) => {
    const patches = overlays.flatMap((overlay) => overlay.patches).filter(changesSpec);
    const resources = overlays.flatMap((overlay) => overlay.resources);
    return [...base, ...resources]
      .map(({ body }) => body)
      .filter(isDefinition)
      .filter((body) => !patches.some((patch) => mayTarget(patch, body)));
  });
}

function isDefinition(body: JsonObject): boolean {
  return body['kind'] === 'CustomResourceDefinition' && body['apiVersion'] === 'apiextensions.k8s.io/v1';
}

function changesSpec(patch: Patch): boolean {
  if (patch.kind === 'merge') return at(patch.merge, 'spec') !== undefined || at(patch.merge, '$patch') !== undefined;
  return patch.ops.some((op) => /^(|\/spec(\/.*)?)$/.test(textAt(op, 'path') ?? ''));
}

function mayTarget({ target }: Patch, body: JsonObject): boolean {
  const { kind, name } = target;
  return (
    (kind ?? 'CustomResourceDefinition') === body['kind'] &&
    (name ?? textAt(body, 'metadata', 'name')) === textAt(body, 'metadata', 'name')
  );
}
