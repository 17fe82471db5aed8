import type { App, BaseManifest, FleetConfig, ObjectSelector, Placement } from '../model/fleet.ts';
import { groupOf } from '../object/id.ts';
import { textAt } from '../object/json.ts';
import { namespaceOf } from '../object/namespace-of.ts';

/** Whether a placement claims an object; without `objects` it claims all of its app. */
export function isPlacedBy({ objects }: Placement, base: BaseManifest, app: App, config: FleetConfig): boolean {
  return objects === undefined || objects.some((selector) => isSelected(selector, base, app, config));
}

/** Parts are ANDed; the version of the API does not count. */
export function isSelected(selector: ObjectSelector, base: BaseManifest, app: App, config: FleetConfig): boolean {
  const { body } = base;
  return (
    groupOf(selector.apiVersion) === groupOf(textAt(body, 'apiVersion') ?? '') &&
    selector.kind === textAt(body, 'kind') &&
    (selector.name === undefined || selector.name === textAt(body, 'metadata', 'name')) &&
    (selector.namespace === undefined || selector.namespace === namespaceOf(body, app, config.fleet.defaults))
  );
}
