import type { App, AppDefaults } from '../../model/fleet.ts';
import type { ParseContext } from '../read-kind.ts';
import { addObjects } from './add-objects.ts';
import { overrideByPolicies } from './override-by-policies.ts';
import { placeByPolicies } from './place-by-policies.ts';
import type { ScopedImport } from './scoped-import.ts';

/**
 * The apps, with everything that files of other federations say of them in our own terms: objects, placements and overlays.
 * From here on nobody knows that they were written otherwise, but for their names in messages.
 */
export function applyImports(
  apps: readonly App[],
  imports: readonly ScopedImport[],
  defaults: AppDefaults,
  context: ParseContext,
): readonly App[] {
  if (imports.length === 0) return apps;
  const withObjects = addObjects(apps, imports, defaults, context);
  const placed = placeByPolicies(withObjects, imports, defaults, context);
  return overrideByPolicies(placed, imports, defaults, context);
}
