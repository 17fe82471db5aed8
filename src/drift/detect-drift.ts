import type { Preview } from '../model/apply.ts';
import type { Difference, DriftReport } from '../model/drift.ts';
import type { Manifest } from '../model/manifest.ts';
import type { InventoryEntry, Observation } from '../model/observation.ts';
import type { RenderedApp, RenderedCluster } from '../model/render.ts';
import { FIELD_MANAGER } from '../object/applyset.ts';
import { idKey } from '../object/id.ts';
import { appliedFields } from '../object/managed-fields.ts';
import { compareLive, compareNamed } from './compare.ts';

/**
 * Names every object that is not as the repository says, field by field. Drift and a new commit are the same comparison:
 * what the repository did not change since the last clean pass, somebody else did.
 *
 * The live object is compared with what the API server says that an apply would make of it, so that defaults and
 * normal forms (`0.2` cores and `200m`) are no difference.
 */
export function detectDrift(
  target: RenderedCluster,
  observation: Observation,
  previews: ReadonlyMap<string, Preview>,
): DriftReport {
  if (previews.size === 0) return { objects: [] };
  const objects = target.apps.flatMap((app) => {
    const inventory = observation.inventories.get(app.name);
    const entries = new Map(inventory?.entries.map((entry) => [idKey(entry.id), entry]));
    return app.manifests.flatMap((manifest) => {
      const preview = previews.get(idKey(manifest.id));
      return preview === undefined ? [] : difference(app, manifest, preview, entries.get(idKey(manifest.id)));
    });
  });
  return { objects };
}

function difference(
  app: RenderedApp,
  manifest: Manifest,
  preview: Preview,
  entry: InventoryEntry | undefined,
): readonly Difference[] {
  if (preview.state !== 'accepted' && preview.state !== 'unasked' && preview.state !== 'recreate') return [];
  const cause = entry !== undefined && entry.desiredHash === manifest.hash ? 'drift' : 'new-revision';
  const base = { app: app.name, id: manifest.id, cause } as const;
  if (preview.state === 'recreate') {
    const fields = compareNamed(manifest.id.kind, preview.fields, preview.before.body ?? {}, manifest.body);
    return [{ ...base, state: 'differs', fields }];
  }
  if (preview.before === undefined) {
    const wasThere = entry !== undefined && entry.uid !== '';
    return [{ ...base, state: wasThere ? 'missing' : 'absent', fields: [] }];
  }
  if (preview.state === 'unasked') return [{ ...base, state: 'differs', fields: [] }];
  if (preview.before.ownedHash === preview.after.ownedHash && preview.transfer === undefined) return [];
  const { transfer } = preview;
  const taken =
    transfer === undefined ? {} : appliedFields({ metadata: { managedFields: transfer.managedFields } }, FIELD_MANAGER);
  const fields = compareLive(preview.before, preview.after, taken);
  // No value is different, only who holds what: it is applied again, and is nobody's drift.
  return [{ ...base, ...(fields.length === 0 ? { cause: 'new-revision' } : {}), state: 'differs', fields }];
}
