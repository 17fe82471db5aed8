import type { Origin } from '../model/diagnostic.ts';
import type { App, AppDefaults } from '../model/fleet.ts';
import { FIELD_MANAGER } from '../object/applyset.ts';
import { parseIgnore } from './parse-ignore.ts';
import { type OwnDocument, type ParseContext, refuseUnsupported, reportAt } from './read-kind.ts';

/** How long an object of an app may be missing before that counts as failed. */
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/** An app that has no folder: objects of other federations make one. */
export function createApp(name: string, defaults: AppDefaults, origin: Origin, context: ParseContext): App {
  const settings = parseAppSettings(undefined, defaults, context);
  return { name, ...settings, base: [], placements: [], overlays: [], broken: false, origin };
}

/** Part of the names of inventories and of values of labels. */
export function isAppName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/.test(name);
}

/** What `app.yaml` says, and the defaults of the fleet for the rest. */
export function parseAppSettings(
  own: OwnDocument<'App'> | undefined,
  defaults: AppDefaults,
  context: ParseContext,
): Omit<App, 'name' | 'base' | 'placements' | 'overlays' | 'broken' | 'origin'> {
  const spec = own?.document.spec ?? {};
  if (own !== undefined) refuseUnsupported(spec, ['health'], own.source, context);
  return {
    ...(spec.namespace === undefined ? {} : { namespace: spec.namespace }),
    drift: spec.drift ?? defaults.drift,
    prune: spec.prune ?? defaults.prune,
    onUnplace: spec.onUnplace ?? defaults.onUnplace,
    suspend: spec.suspend ?? false,
    timeoutMs: spec.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(spec.timeout),
    unprotect: spec.unprotect ?? [],
    dependsOn: parseDependencies(own, context),
    adopt: own === undefined ? [] : parseAdopt(own, context),
    ignore: own === undefined ? [] : parseIgnore(own, context),
  };
}

function parseAdopt({ document, source }: OwnDocument<'App'>, context: ParseContext): readonly string[] {
  const managers = document.spec.adopt ?? [];
  if (managers.includes(FIELD_MANAGER)) {
    const message = `"${FIELD_MANAGER}" is Muster itself`;
    const help = 'Name the field managers of the tool that had the objects before.';
    reportAt(source, `/spec/adopt/${managers.indexOf(FIELD_MANAGER)}`, { code: 'BAD_VALUE', message, help }, context);
  }
  return managers;
}

function parseDependencies(own: OwnDocument<'App'> | undefined, { locate }: ParseContext): App['dependsOn'] {
  if (own === undefined) return [];
  const { document, source } = own;
  return (document.spec.dependsOn ?? []).map((app, index) => ({
    app,
    origin: locate(source, `/spec/dependsOn/${index}`, 'value'),
  }));
}

/** Of the form that the schema checked: `30s`, `5m`. */
function parseDuration(text: string): number {
  const unit = text.replace(/^\d+/, '');
  return Number.parseInt(text, 10) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1);
}
