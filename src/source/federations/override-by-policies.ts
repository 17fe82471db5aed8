import type { App, AppDefaults, BaseManifest } from '../../model/fleet.ts';
import { compareText } from '../../object/id.ts';
import { at, listAt } from '../../object/json.ts';
import { createNearest } from '../../object/nearest.ts';
import type { ParseContext } from '../read-kind.ts';
import type { OverrideRules } from './imported.ts';
import { collectFacts, factsOf, mostExact, nameOf, type ObjectFacts } from './object-facts.ts';
import { isAbout, reportIdleSelector, SUGGESTIONS } from './place-by-policies.ts';
import { importsOf, type ScopedImport } from './scoped-import.ts';
import { toOverlay } from './to-overlay.ts';

interface Scoped {
  readonly item: OverrideRules;
  readonly app?: string;
}

/** What override policies change in each object, as overlays of its app. */
export function overrideByPolicies(
  apps: readonly App[],
  imports: readonly ScopedImport[],
  defaults: AppDefaults,
  context: ParseContext,
): readonly App[] {
  const policies = importsOf(imports, 'override');
  const objects = { factsFor: collectFacts(apps, defaults), nearest: createNearest(SUGGESTIONS) };
  for (const { item, app } of policies) {
    for (const selector of item.selectors ?? []) reportIdleSelector(item, selector, objects, app, context);
  }
  return apps.map((app) => {
    const about = policies.filter((each) => isAbout(each, app));
    const chosen = app.base.flatMap((base) =>
      choosePolicies(base, app, about, defaults, context).map((policy) => ({ base, policy })),
    );
    if (chosen.length === 0) return app;
    const inputs = [app, defaults, ...chosen.flatMap(({ base, policy }) => [base, policy])];
    return context.memo.scope(`overridden ${app.name}`, inputs, () => {
      const overlays = chosen.flatMap(({ base, policy }) =>
        policy.changes.map((change) => toOverlay(change, policy, base, app, defaults, context)),
      );
      return { ...app, overlays: [...app.overlays, ...overlays] };
    });
  });
}

/** Cluster-wide policies first, each from least to most exact, then by name: the later wins (Karmada). */
function choosePolicies(
  base: BaseManifest,
  app: App,
  policies: readonly Scoped[],
  defaults: AppDefaults,
  context: ParseContext,
): readonly OverrideRules[] {
  const facts = factsOf(base, app, defaults);
  const rank = ({ namespace }: OverrideRules): number => (namespace === undefined ? 0 : 1);
  const matching = policies.flatMap(({ item }) => {
    const exactness = exactnessOf(item, facts);
    return exactness > 0 ? { item, exactness } : [];
  });
  const ordered = matching
    .sort((a, b) => rank(a.item) - rank(b.item) || a.exactness - b.exactness || compareText(a.item.name, b.item.name))
    .map(({ item }) => item);
  for (const item of ordered) warnOfWiderImages(item, base, facts, app, context);
  return ordered;
}

/** Without selectors a policy means every object, less exactly than any that has one. */
function exactnessOf({ namespace, selectors }: OverrideRules, facts: ObjectFacts): number {
  if (namespace !== undefined && namespace !== facts.namespace) return 0;
  return selectors === undefined ? 0.5 : mostExact(selectors, facts);
}

/** Karmada leaves these images alone (karmada-io/karmada#4283); the registry of a cluster holds for them as for all. */
function warnOfWiderImages(
  item: OverrideRules,
  { body }: BaseManifest,
  facts: ObjectFacts,
  app: App,
  { report, locate }: ParseContext,
): void {
  const change = item.changes.find(({ widens }) => widens === true);
  const initial = listAt(body, 'spec', 'template', 'spec', 'initContainers').length > 0;
  const scheduled = facts.kind === 'CronJob' && at(body, 'spec', 'jobTemplate') !== undefined;
  if (change === undefined || (!initial && !scheduled)) return;
  const what = scheduled ? 'the containers of a CronJob' : 'containers for initialisation';
  const message = `${item.from} also changes the images of ${what} in ${nameOf(facts)}, which Karmada leaves as they are`;
  const origin = locate(item.source, change.pointer, 'key');
  report({ code: 'DIFFERENT_HERE', severity: 'warning', message, origin, app: app.name });
}
