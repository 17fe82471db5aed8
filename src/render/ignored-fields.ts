import { parseGlob } from '../glob.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { App, IgnoreRule } from '../model/fleet.ts';
import type { IgnoredFields, Manifest, ObjectId } from '../model/manifest.ts';
import type { RenderedApp } from '../model/render.ts';
import { formatId } from '../object/id.ts';
import type { MergeSchema } from '../object/merge-keys.ts';
import { nearestName } from '../object/nearest.ts';
import { parsePointer } from '../object/pointer.ts';
import { fieldPath } from './field-path.ts';
import { nearestPath } from './nearest-path.ts';

/** What the ignore rules of an app say of one of its objects. */
export function ignoredFields(rules: readonly IgnoreRule[], id: ObjectId): readonly IgnoredFields[] {
  return rules
    .filter((rule) => meansOf(rule)(id))
    .map(({ fields, managers }) => ({ fields, ...(managers === undefined ? {} : { managers }) }));
}

/**
 * Warns of rules that do nothing: such a rule is a slip, and what it was to protect is taken back. A field that Git does not
 * have is none, where no other is near: nobody would take it back.
 *
 * While the app is held on one of the clusters nobody knows all of its objects, and nothing is said. `rendered`: the app, as it
 * is on each cluster that has it; most clusters have the same one, and its manifests are looked at once.
 */
export function checkIgnoreRules(
  app: App,
  rendered: Iterable<RenderedApp>,
  schema: MergeSchema,
): readonly Diagnostic[] {
  if (app.ignore.length === 0 || app.broken) return [];
  const different = [...new Set(rendered)];
  if (different.some(({ state }) => state === 'held')) return [];
  const manifests = [...new Set(different.flatMap((each) => each.manifests))];
  return app.ignore.flatMap((rule) => {
    const isMeant = meansOf(rule);
    const meant = manifests.filter(({ id }) => isMeant(id));
    if (meant.length === 0) return [unusedRule(rule, app.name, manifests)];
    return rule.fields.flatMap((field, index) => unknownField(field, index, rule, app.name, meant, schema) ?? []);
  });
}

/** Whether a rule means an object. Its patterns are read once, however many objects there are. */
function meansOf(rule: IgnoreRule): (id: ObjectId) => boolean {
  const known = MATCHERS.get(rule);
  if (known !== undefined) return known;
  const [name, namespace] = [matcherOf(rule.name), rule.namespace === '*' ? () => true : matcherOf(rule.namespace)];
  const isMeant = (id: ObjectId): boolean =>
    rule.kind === id.kind &&
    (rule.group === undefined || rule.group === id.group) &&
    name(id.name) &&
    namespace(id.namespace);
  MATCHERS.set(rule, isMeant);
  return isMeant;
}

const MATCHERS = new WeakMap<IgnoreRule, (id: ObjectId) => boolean>();

function matcherOf(pattern: string): (name: string) => boolean {
  const glob = parseGlob(pattern);
  return glob.state === 'glob' ? glob.match : () => false;
}

function unusedRule(rule: IgnoreRule, app: string, manifests: readonly Manifest[]): Diagnostic {
  const { kind, name, namespace, group, origin } = rule;
  const place = namespace === '*' ? name : `${namespace}/${name}`;
  const of = group === undefined ? '' : ` of group "${group}"`;
  const ids = [...new Set(manifests.map(({ id }) => formatId(id)))];
  const names = new Map(manifests.map(({ id }) => [`${id.kind} ${id.name}`, formatId(id)]));
  const near = /[*?]/.test(name) ? undefined : nearestName(`${kind} ${name}`, names.keys());
  const nearKind = nearestName(kind, new Set(manifests.map(({ id }) => id.kind)));
  const meant = near === undefined ? nearKind : names.get(near);
  const same = manifests.find(({ id }) => id.kind === kind && group !== undefined && id.group !== group);
  const others = `The app has: ${ids.slice(0, 10).join(', ') || 'nothing'}.`;
  const nearest = meant === undefined ? others : `Did you mean ${meant}?`;
  return {
    code: 'UNKNOWN_NAME',
    severity: 'warning',
    message: `the rule of spec.ignore for ${kind} ${place}${of} matches no object of the app`,
    help: same === undefined ? nearest : `Its group is "${same.id.group}".`,
    origin,
    app,
  };
}

function unknownField(
  field: string,
  index: number,
  rule: IgnoreRule,
  app: string,
  meant: readonly Manifest[],
  schema: MergeSchema,
): Diagnostic | undefined {
  const segments = parsePointer(field) ?? [];
  if (meant.some(({ body }) => fieldPath(body, segments, schema) !== undefined)) return undefined;
  const near = firstDefined(meant.slice(0, MOST_COMPARED), ({ body }) => nearestPath(body, segments));
  if (near === undefined) return undefined;
  return {
    code: 'UNKNOWN_FIELD',
    severity: 'warning',
    message: `no object that the rule of spec.ignore matches has "${field}" in the repository`,
    help: `Did you mean "${near}"?`,
    origin: rule.fieldOrigins[index] ?? rule.origin,
    app,
  };
}

/** Objects in which a field of nearly that name is looked for. A field that none of them has is no slip of the pen. */
const MOST_COMPARED = 100;

function firstDefined<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
