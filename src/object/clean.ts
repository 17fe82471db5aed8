import type { Manifest } from '../model/manifest.ts';
import type { InventoryEntry, LiveObject } from '../model/observation.ts';

/**
 * Nothing changed since the last clean pass, on either side: the repository says the same, and the fields that we own
 * are the same and hold the same. Then nothing needs to be asked. What a manager holds that the manifest adopts is ours to
 * take, also when it came back.
 */
export function isClean(manifest: Manifest, entry: InventoryEntry | undefined, live: LiveObject | undefined): boolean {
  return (
    entry !== undefined &&
    live !== undefined &&
    entry.desiredHash === manifest.hash &&
    entry.ownedHash === live.ownedHash &&
    entry.ownedHash !== '' &&
    entry.uid === live.uid &&
    !manifest.adopt.some((manager) => live.strangers?.includes(manager))
  );
}

/** What `muster.dev/apply` asks for: `ignore` is never sent, `create-only` only while it is not there. */
export function mayApply(manifest: Manifest, live: LiveObject | undefined): boolean {
  switch (manifest.policy.apply) {
    case 'always':
      return true;
    case 'create-only':
      return live === undefined;
    case 'ignore':
      return false;
  }
}
