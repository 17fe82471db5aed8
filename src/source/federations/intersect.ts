import type { ClusterSelector } from '../../model/fleet.ts';

/** What both of two selectors select. Names are exact, and nothing is excluded: selectors of KubeFed have no more. */
export function intersect(a: ClusterSelector, b: ClusterSelector): ClusterSelector {
  const names =
    a.names === undefined
      ? b.names
      : b.names === undefined
        ? a.names
        : a.names.filter((each) => b.names?.includes(each));
  const others = Object.entries(b.matchLabels).filter(([key, value]) => a.matchLabels[key] !== value);
  return {
    all: a.all && b.all,
    ...(names === undefined ? {} : { names }),
    matchLabels: a.matchLabels,
    matchExpressions: [
      ...a.matchExpressions,
      ...b.matchExpressions,
      ...others.map(([key, value]) => ({ key, operator: 'In', values: [value] }) as const),
    ],
    origin: a.origin,
  };
}
