import type { App, AppDefaults } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import { textAt } from './json.ts';

/** The namespace that an object of an app will have, if its kind is namespaced; `undefined`: nobody says one. */
export function namespaceOf(
  body: JsonObject,
  app: Pick<App, 'namespace'>,
  defaults: Pick<AppDefaults, 'namespace'>,
): string | undefined {
  return textAt(body, 'metadata', 'namespace') ?? app.namespace ?? defaults.namespace;
}
