import type { App, AppDefaults, BaseManifest, Overlay, Placement } from '../../model/fleet.ts';
import { compareText } from '../../object/id.ts';
import { createNearest, nearestName, type NearestName } from '../../object/nearest.ts';
import type { ParseContext } from '../read-kind.ts';
import type { PropagationRule, ResourceSelector } from './imported.ts';
import {
  collectFacts,
  factsOf,
  mostExact,
  nameOf,
  type ObjectFacts,
  selectorFor,
  specificity,
} from './object-facts.ts';
import { importsOf, type ScopedImport } from './scoped-import.ts';
import { toOverlay } from './to-overlay.ts';

interface Scoped {
  readonly item: PropagationRule;
  readonly app?: string;
}

/** The policy that applies to each object, as a placement of its app. Objects that none selects stay without one. */
export function placeByPolicies(
  apps: readonly App[],
  imports: readonly ScopedImport[],
  defaults: AppDefaults,
  context: ParseContext,
): readonly App[] {
  const policies = importsOf(imports, 'propagation');
  reportMissingOverrides(policies, imports, context);
  reportIdle(policies, apps, defaults, context);
  return apps.map((app) =>
    placeApp(
      app,
      policies.filter((each) => isAbout(each, app)),
      defaults,
      context,
    ),
  );
}

/** A policy in the folder of an app is about that app alone. */
export function isAbout({ app: scope }: { readonly app?: string }, app: App): boolean {
  return scope === undefined || scope === app.name;
}

function placeApp(app: App, policies: readonly Scoped[], defaults: AppDefaults, context: ParseContext): App {
  const chosen = app.base.flatMap((base) => {
    const policy = choosePolicy(factsOf(base, app, defaults), policies, app, context);
    return policy === undefined ? [] : [{ base, policy }];
  });
  // The same app then, so that nothing made from it is made anew.
  if (chosen.length === 0) return app;
  const inputs = [app, defaults, ...chosen.flatMap(({ base, policy }) => [base, policy])];
  return context.memo.scope(`placed ${app.name}`, inputs, () => {
    const placements = [...Map.groupBy(chosen, ({ policy }) => policy)].map(([policy, group]) =>
      toPlacement(
        policy,
        group.map(({ base }) => base),
        app,
        defaults,
      ),
    );
    const overlays = chosen.flatMap(({ base, policy }): readonly Overlay[] =>
      policy.changes.map((change) => toOverlay(change, policy, base, app, defaults, context)),
    );
    return { ...app, placements: [...app.placements, ...placements], overlays: [...app.overlays, ...overlays] };
  });
}

/**
 * A policy of the object's namespace comes before cluster-wide ones; then the priority decides, then how exactly the object
 * is meant, then the name (Karmada).
 */
function choosePolicy(
  facts: ObjectFacts,
  policies: readonly Scoped[],
  app: App,
  context: ParseContext,
): PropagationRule | undefined {
  const matching = policies.flatMap(({ item }) => {
    const exactness = exactnessOf(item, facts);
    return exactness > 0 ? { item, exactness } : [];
  });
  const own = matching.filter(({ item }) => item.namespace !== undefined);
  const [first, second] = (own.length > 0 ? own : matching).toSorted(
    (a, b) => b.item.priority - a.item.priority || b.exactness - a.exactness || compareText(a.item.name, b.item.name),
  );
  if (first === undefined || second === undefined) return first?.item;
  if (first.item.priority > second.item.priority && !first.item.preempts) {
    const message = `${first.item.from} applies to ${nameOf(facts)}, and not ${second.item.from} (${second.item.source.file}:${second.item.source.line}): in Karmada that has to be told with preemption: Always, where the other came first`;
    const origin = context.locate(first.item.source, '/spec/priority', 'key');
    context.report({ code: 'DIFFERENT_HERE', severity: 'warning', message, origin, app: app.name });
  }
  return first.item;
}

/** 0: it does not select the object. */
function exactnessOf({ namespace, selectors }: PropagationRule, facts: ObjectFacts): number {
  if (namespace !== undefined && namespace !== facts.namespace) return 0;
  return mostExact(selectors, facts);
}

function toPlacement(
  policy: PropagationRule,
  objects: readonly BaseManifest[],
  app: App,
  defaults: AppDefaults,
): Placement {
  const { name, from, clusters, tolerations, spread, replicas, source } = policy;
  return {
    name,
    objects: objects.map((base) => selectorFor(base, app, defaults)),
    clusters,
    tolerations,
    ...(spread.length === 0 ? {} : { spread }),
    ...(replicas === undefined ? {} : { replicas }),
    origin: source,
    from,
  };
}

/** `dependentOverrides`: what they name must be there; that it applies is then certain, as all comes with one commit. */
function reportMissingOverrides(
  policies: readonly Scoped[],
  imports: readonly ScopedImport[],
  { report, locate }: ParseContext,
): void {
  const overrides = importsOf(imports, 'override').map(({ item }) => item);
  for (const { item, app } of policies) {
    for (const { name, pointer } of item.needs) {
      if (overrides.some((each) => each.name === name)) continue;
      const near = nearestName(
        name,
        overrides.map((each) => each.name),
      );
      report({
        code: 'UNKNOWN_NAME',
        severity: 'error',
        message: `${item.from} depends on override policy "${name}", which does not exist`,
        help: near === undefined ? 'Add it, or remove the name.' : `Did you mean "${near}"?`,
        origin: locate(item.source, pointer, 'value'),
        ...(app === undefined ? {} : { app }),
      });
    }
  }
}

/** A selector that selects nothing may be there for an object to come, or be a slip. */
function reportIdle(
  policies: readonly Scoped[],
  apps: readonly App[],
  defaults: AppDefaults,
  context: ParseContext,
): void {
  const objects = { factsFor: collectFacts(apps, defaults), nearest: createNearest(SUGGESTIONS) };
  for (const { item, app } of policies) {
    for (const selector of item.selectors) reportIdleSelector(item, selector, objects, app, context);
  }
}

/** Comparisons of names for suggestions, of all policies together. */
export const SUGGESTIONS = 50_000;

/** What a selector could mean. */
export interface KnownObjects {
  readonly factsFor: ReturnType<typeof collectFacts>;
  readonly nearest: NearestName;
}

/** Also for the selectors of an override policy. */
export function reportIdleSelector(
  { from, namespace, source }: Pick<PropagationRule, 'from' | 'namespace' | 'source'>,
  selector: ResourceSelector,
  { factsFor, nearest }: KnownObjects,
  app: string | undefined,
  { report, locate }: ParseContext,
): void {
  const facts = factsFor(app);
  const fits = (each: ObjectFacts): boolean => specificity(selector, each) > 0;
  if (facts.some((each) => fits(each) && (namespace === undefined || namespace === each.namespace))) return;
  const { kind, name = '', namespace: asked } = selector;
  const wanted = `${kind} ${asked ?? namespace ?? ''}${name === '' ? '' : `/${name}`}`.trim();
  const { namespace: _namespace, ...anywhere } = selector;
  const elsewhere = facts.find((each) => specificity(anywhere, each) > 0);
  const near = nearest(wanted, () => facts.map(nameOf));
  const help =
    elsewhere === undefined
      ? near === undefined
        ? 'Remove the selector, or add the object.'
        : `Did you mean ${near}?`
      : `There is ${nameOf(elsewhere)}: the policy must be of its namespace.`;
  report({
    code: 'NO_TARGET',
    severity: 'warning',
    message: `${from} selects ${wanted}, which no app has${app === undefined ? '' : `; in the folder of app "${app}" it is about that app alone`}`,
    help,
    origin: locate(source, selector.pointer, 'value'),
    ...(app === undefined ? {} : { app }),
  });
}
