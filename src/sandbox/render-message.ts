import type { PortFailure } from '../model/errors.ts';
import type { ExpansionAnswer, ExpansionAnswers, ExpansionRequest } from '../model/expansion.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { RenderedCluster, RenderedFleet } from '../model/render.ts';
import type { RenderResult } from '../reconcile.ts';
import { at, isList, isObject, listAt, parseJson, printJson, textAt } from '../object/json.ts';
import { decodeRequests, encodeRequests } from './expansion-message.ts';

/** What to render: a commit in a repository's object store, and the fleet's folder in it. */
export interface RenderRequest {
  readonly gitdir: string;
  readonly revision: string;
  /** `''`: the repository's root. */
  readonly path: string;
  /** What programs made of the requests of an earlier answer. */
  readonly answers: ExpansionAnswers;
}

/** What came of it. `failed`: the objects could not be read. `needs`: programs must run first; ask again with their answers. */
export type RenderAnswer =
  | RenderResult
  | { readonly state: 'failed'; readonly failure: PortFailure }
  | { readonly state: 'needs'; readonly requests: readonly ExpansionRequest[] };

export function printRequest({ answers, ...request }: RenderRequest): string {
  return JSON.stringify({ ...request, answers: [...answers] });
}

export function parseRequest(text: string): RenderRequest {
  const value = parseJson(text);
  return {
    gitdir: textAt(value, 'gitdir') ?? '',
    revision: textAt(value, 'revision') ?? '',
    path: textAt(value, 'path') ?? '',
    answers: new Map(
      listAt(value, 'answers').flatMap((entry) => {
        // oxlint-disable-next-line no-unsafe-type-assertion -- Muster's own message
        return isList(entry) ? [entry as unknown as readonly [string, ExpansionAnswer]] : [];
      }),
    ),
  };
}

/**
 * An answer as lines of JSON: the first without the clusters; then, for each cluster, the manifests that no cluster before
 * it has, and the cluster with the numbers of its manifests; then `end`: half an answer is recognised by its missing end.
 * Clusters are mostly alike, so that a fleet of twenty crosses, and stays in memory, about once. One line for everything
 * could be longer than a text may be.
 */
export function* printAnswer(answer: RenderAnswer): Generator<string> {
  if (answer.state === 'rendered') {
    const { clusters, ...fleet } = answer.fleet;
    yield line({ state: 'rendered', fleet });
    yield* printClusters(clusters);
  } else if (answer.state === 'failed') {
    const { port, operation, subject, code, retry, safeMessage } = answer.failure;
    yield line({ state: 'failed', failure: { port, operation, subject, code, retry, safeMessage } });
  } else if (answer.state === 'needs') {
    yield line({ state: 'needs' });
    for (const each of encodeRequests(answer.requests)) yield line(each);
  } else {
    yield line(answer);
  }
  yield line('end');
}

function* printClusters(clusters: readonly RenderedCluster[]): Generator<string> {
  const numbers = new Map<string, number>();
  for (const { apps, ...cluster } of clusters) {
    const numbered: object[] = [];
    for (const { manifests, ...app } of apps) {
      const texts = manifests.map((manifest) => line({ manifest }));
      for (const text of texts) {
        if (numbers.has(text)) continue;
        numbers.set(text, numbers.size);
        yield text;
      }
      numbered.push({ ...app, manifests: texts.map((text) => numbers.get(text)) });
    }
    yield line({ cluster: { ...cluster, apps: numbered } });
  }
}

/**
 * The inverse of {@link printAnswer}; `undefined` where the end is missing, a line is no JSON, or a cluster has a manifest
 * that was not printed. Equal manifests are one.
 */
export function parseAnswer(lines: readonly string[]): RenderAnswer | undefined {
  const values = lines.map(tryParse);
  const [head, ...rest] = values;
  if (rest.pop() !== 'end' || !isObject(head) || values.includes(undefined)) return undefined;
  const state = textAt(head, 'state');
  // The child is Muster itself: its values have the types that it printed.
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  if (state === 'unusable' || state === 'failed') return head as unknown as RenderAnswer;
  if (state === 'needs') return { state, requests: decodeRequests(rest.filter((value) => value !== undefined)) };
  const fleet = head['fleet'];
  if (state !== 'rendered' || !isObject(fleet)) return undefined;
  const manifests = rest.flatMap((value) => at(value, 'manifest') ?? []);
  const clusters = rest.flatMap((value) => {
    const cluster = at(value, 'cluster');
    return isObject(cluster) ? [withManifests(cluster, manifests)] : [];
  });
  if (clusters.includes(undefined)) return undefined;
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  return { state, fleet: { ...fleet, clusters } as unknown as RenderedFleet };
}

function withManifests(cluster: JsonObject, printed: readonly JsonValue[]): JsonObject | undefined {
  const apps: JsonObject[] = [];
  for (const app of listAt(cluster, 'apps')) {
    const numbers = listAt(app, 'manifests');
    const manifests = numbers.flatMap((number) => printed[Number(number)] ?? []);
    if (!isObject(app) || manifests.length < numbers.length) return undefined;
    apps.push({ ...app, manifests });
  }
  return { ...cluster, apps };
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
