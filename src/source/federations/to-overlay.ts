import type { App, AppDefaults, BaseManifest, DocumentSource, Overlay } from '../../model/fleet.ts';
import type { ParseContext } from '../read-kind.ts';
import type { Change } from './imported.ts';
import { targetFor } from './object-facts.ts';

/** One change of one object, as an overlay of its app. Both systems apply them to counts that are divided already. */
export function toOverlay(
  { clusters, ops, pointer }: Change,
  owner: { readonly name: string; readonly from: string; readonly source: DocumentSource },
  base: BaseManifest,
  app: App,
  defaults: AppDefaults,
  { locate }: ParseContext,
): Overlay {
  const origin = locate(owner.source, pointer, 'key');
  const target = targetFor(base, app, defaults);
  const source = { ...owner.source, ...origin };
  return {
    name: owner.name,
    clusters,
    patches: [{ kind: 'json', target, ops, source, contentPointer: pointer }],
    resources: [],
    afterReplicas: true,
    origin,
    from: owner.from,
  };
}
