import type { App, AppDefaults, BaseManifest, ObjectSelector, PatchTarget } from '../../model/fleet.ts';
import { groupOf } from '../../object/id.ts';
import { mapAt, textAt } from '../../object/json.ts';
import { isNamespaced } from '../../object/kinds.ts';
import { namespaceOf } from '../../object/namespace-of.ts';
import { matchesExpression } from '../../object/match-expression.ts';
import type { ResourceSelector } from './imported.ts';

/** What policies look at in an object. */
export interface ObjectFacts {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** `''` for a cluster-scoped object; `default` for one that nobody gives a namespace, as kubectl has it. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, unknown>>;
}

export function factsOf(base: BaseManifest, app: App, defaults: AppDefaults): ObjectFacts {
  const { body } = base;
  const [group, kind] = [groupOf(textAt(body, 'apiVersion') ?? ''), textAt(body, 'kind') ?? ''];
  const scoped = isNamespaced({ group, kind }) !== false;
  return {
    group,
    kind,
    name: textAt(body, 'metadata', 'name') ?? '',
    namespace: scoped ? (namespaceOf(base.body, app, defaults) ?? 'default') : '',
    labels: mapAt(body, 'metadata', 'labels'),
  };
}

/** The facts of all objects of one app, or of all apps; made once, and only for what is asked. */
export function collectFacts(
  apps: readonly App[],
  defaults: AppDefaults,
): (app: string | undefined) => readonly ObjectFacts[] {
  const known = new Map<string | undefined, readonly ObjectFacts[]>();
  return (name) => {
    const facts =
      known.get(name) ??
      apps
        .filter((app) => name === undefined || app.name === name)
        .flatMap((app) => app.base.map((base) => factsOf(base, app, defaults)));
    known.set(name, facts);
    return facts;
  };
}

/** `Deployment default/nginx`. */
export function nameOf({ kind, namespace, name }: ObjectFacts): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** Selects this object of its app, and no other. */
export function selectorFor(base: BaseManifest, app: App, defaults: AppDefaults): ObjectSelector {
  const { body, source } = base;
  const { kind, name } = factsOf(base, app, defaults);
  const namespace = namespaceOf(base.body, app, defaults);
  return {
    apiVersion: textAt(body, 'apiVersion') ?? '',
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    origin: { file: source.file, line: source.line, column: source.column },
  };
}

/** The same for a patch. That the object is not on a cluster is no error: a policy speaks of many clusters. */
export function targetFor(base: BaseManifest, app: App, defaults: AppDefaults): PatchTarget {
  const { group, kind, name } = factsOf(base, app, defaults);
  const namespace = namespaceOf(base.body, app, defaults);
  return { group, kind, name, ...(namespace === undefined ? {} : { namespace }), single: false, optional: true };
}

/** How exactly a selector means an object: by name 3, by labels 2, by kind 1; 0: not at all (Karmada). */
export function specificity(selector: ResourceSelector, facts: ObjectFacts): number {
  const { group, kind, name, namespace, labels } = selector;
  if (group !== facts.group || kind !== facts.kind) return 0;
  if (namespace !== undefined && namespace !== facts.namespace) return 0;
  if (name !== undefined) return name === facts.name ? 3 : 0;
  if (labels === undefined) return 1;
  const fits = labels.every((expression) => {
    const value = Object.hasOwn(facts.labels, expression.key) ? facts.labels[expression.key] : undefined;
    return matchesExpression(expression, typeof value === 'string' ? value : undefined);
  });
  return fits ? 2 : 0;
}

/** The most exact of several selectors. Policies times objects can be millions: nothing is made on the way. */
export function mostExact(selectors: readonly ResourceSelector[], facts: ObjectFacts): number {
  let most = 0;
  for (const selector of selectors) most = Math.max(most, specificity(selector, facts));
  return most;
}
