import type { ServedKind } from '../model/observation.ts';

/** `/apis/apps/v1/namespaces/shop/deployments/web`; an empty namespace or name leaves its part out. */
export function objectPath(served: ServedKind, namespace: string, name: string): string {
  const root = served.group === '' ? `/api/${served.version}` : `/apis/${served.group}/${served.version}`;
  const scope = served.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${served.plural}${name === '' ? '' : `/${encodeURIComponent(name)}`}`;
}
