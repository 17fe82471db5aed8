import type { Origin } from '../model/diagnostic.ts';
import type { Cluster, DocumentSource, Patch } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import type { Memo } from '../memo.ts';
import type { PlacedObject } from '../model/render.ts';
import type { Problem } from './problem.ts';
import { substituteShared } from './substitute-shared.ts';

/** An object on its way to a manifest. What was made from the same things is the same draft, on whatever clusters. */
export interface Draft {
  readonly body: JsonObject;
  /** Before the first patch. */
  readonly written: JsonObject;
  readonly source: DocumentSource;
  /** The rule that put it here. */
  readonly by: Origin;
  /** Those that touched it so far. */
  readonly patches: readonly Patch[];
  /** This cluster's share of a divided count; `by` divides. */
  readonly share?: number;
  /** A patch changed the count itself. */
  readonly countChanged?: boolean;
}

export interface DraftContext {
  readonly cluster: Cluster;
  readonly memo: Memo;
  readonly report: (problem: Problem, source: DocumentSource) => void;
}

/** An object as its file has it, with the cluster's values for variables. */
export function startDraft({ base, replicas, by }: PlacedObject, { cluster, memo, report }: DraftContext): Draft {
  // A chart was rendered with the variables of its clusters: what looks like one now was meant as text.
  const { value, problems } =
    base.only === undefined ? substituteShared(base.body, cluster, memo) : { value: base.body, problems: [] };
  for (const problem of problems) report(problem, base.source);
  return memo.share('draft', [value, base, by, replicas], () => ({
    body: value,
    written: value,
    source: base.source,
    by,
    patches: [],
    ...(replicas === undefined ? {} : { share: replicas }),
  }));
}
