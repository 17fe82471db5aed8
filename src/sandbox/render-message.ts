import type { PortFailure } from '../model/errors.ts';
import type { JsonValue } from '../model/json.ts';
import type { RenderedFleet } from '../model/render.ts';
import type { RenderResult } from '../reconcile.ts';
import { isObject, parseJson, printJson, textAt } from '../object/json.ts';

/** What to render: a commit in a repository's object store, and the fleet's folder in it. */
export interface RenderRequest {
  readonly gitdir: string;
  readonly revision: string;
  /** `''`: the repository's root. */
  readonly path: string;
}

/** What came of it. `failed`: the objects could not be read. */
export type RenderAnswer = RenderResult | { readonly state: 'failed'; readonly failure: PortFailure };

export function parseRequest(text: string): RenderRequest {
  const value = parseJson(text);
  return {
    gitdir: textAt(value, 'gitdir') ?? '',
    revision: textAt(value, 'revision') ?? '',
    path: textAt(value, 'path') ?? '',
  };
}

/**
 * An answer as lines of JSON: the first without the clusters, then one for each cluster, then `end`: half an answer is
 * recognised by its missing end. One line for everything could be longer than a text may be.
 */
export function* printAnswer(answer: RenderAnswer): Generator<string> {
  if (answer.state === 'rendered') {
    const { clusters, ...fleet } = answer.fleet;
    yield line({ state: 'rendered', fleet });
    for (const cluster of clusters) yield line(cluster);
  } else if (answer.state === 'failed') {
    const { port, operation, subject, code, retry, safeMessage } = answer.failure;
    yield line({ state: 'failed', failure: { port, operation, subject, code, retry, safeMessage } });
  } else {
    yield line(answer);
  }
  yield line('end');
}

/** The inverse of {@link printAnswer}; `undefined` where the end is missing or a line is no JSON. */
export function parseAnswer(lines: readonly string[]): RenderAnswer | undefined {
  const values = lines.map(tryParse);
  const [head, ...rest] = values;
  if (rest.pop() !== 'end' || !isObject(head) || values.includes(undefined)) return undefined;
  const state = textAt(head, 'state');
  // The child is Muster itself: its values have the types that it printed.
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  if (state === 'unusable' || state === 'failed') return head as unknown as RenderAnswer;
  const fleet = head['fleet'];
  if (state !== 'rendered' || !isObject(fleet)) return undefined;
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  return { state, fleet: { ...fleet, clusters: rest } as unknown as RenderedFleet };
}

function line(value: unknown): string {
  // oxlint-disable-next-line no-unsafe-type-assertion -- plain values of the model are JSON values
  return `${printJson(value as JsonValue)}\n`;
}

function tryParse(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
