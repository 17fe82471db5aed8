import { invariant, type PortFailure } from '../model/errors.ts';
import type { ExpansionAnswer, ExpansionAnswers, ExpansionRequest } from '../model/expansion.ts';
import type { JsonValue } from '../model/json.ts';
import type { Manifest } from '../model/manifest.ts';
import type { RenderedApp, RenderedCluster, RenderedFleet } from '../model/render.ts';
import type { RenderResult } from '../reconcile.ts';
import { at, isList, isObject, listAt, parseJson, printJson, textAt } from '../object/json.ts';
import { decodeRequests, encodeRequests } from './expansion-message.ts';
import { createRest } from './resting-manifests.ts';

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

/** The last line of every answer: half an answer is recognised by its missing end. */
export const END = '"end"';

/** A part of an answer that is sent once and then named by its number: most of a fleet is the same on many clusters. */
type Part = Manifest | RenderedApp | RenderedCluster;

/** The parts of the last answer that the other side still has, and their numbers. */
export interface SentParts {
  numbers: ReadonlyMap<Part, number>;
  /** How many parts there were so far, in all answers. */
  count: number;
}

export function noPartsSent(): SentParts {
  return { numbers: new Map(), count: 0 };
}

/**
 * An answer as lines of JSON: the first without the clusters; then the parts that the other side does not have, each before
 * what it is part of; then the clusters by their numbers, and {@link END}. So a fleet crosses, and stays in memory, about
 * once, and after a change only what is new crosses. One line for everything could be longer than a text may be.
 *
 * `sent` is changed: what is not in this answer is not kept by either side.
 */
export function* printAnswer(answer: RenderAnswer, sent: SentParts = noPartsSent()): Generator<string> {
  if (answer.state === 'rendered') {
    const { clusters, ...fleet } = answer.fleet;
    yield line({ state: 'rendered', fleet });
    yield* printClusters(clusters, sent);
  } else if (answer.state === 'failed') {
    const { port, operation, subject, code, retry, safeMessage } = answer.failure;
    yield line({ state: 'failed', failure: { port, operation, subject, code, retry, safeMessage } });
  } else if (answer.state === 'needs') {
    yield line({ state: 'needs' });
    for (const each of encodeRequests(answer.requests)) yield line(each);
  } else {
    yield line(answer);
  }
  yield `${END}\n`;
}

function* printClusters(clusters: readonly RenderedCluster[], sent: SentParts): Generator<string> {
  const kept = new Map<Part, number>();
  const numbersOf = (parts: readonly Part[]): readonly number[] =>
    parts.map((part) => {
      const number = kept.get(part);
      invariant(number !== undefined, 'a part is printed before what it is part of');
      return number;
    });
  function* printPart(part: Part, print: () => object): Generator<string> {
    if (kept.has(part)) return;
    const known = sent.numbers.get(part);
    kept.set(part, known ?? sent.count);
    if (known !== undefined) return;
    sent.count += 1;
    yield line(print());
  }
  for (const cluster of clusters) {
    const { apps, ...ofCluster } = cluster;
    for (const app of apps) {
      const { manifests, ...ofApp } = app;
      for (const manifest of manifests) yield* printPart(manifest, () => ({ manifest }));
      yield* printPart(app, () => ({ app: { ...ofApp, manifests: numbersOf(manifests) } }));
    }
    yield* printPart(cluster, () => ({ cluster: { ...ofCluster, apps: numbersOf(apps) } }));
  }
  sent.numbers = kept;
  yield line({ clusters: numbersOf(clusters), kept: [...kept.values()] });
}

/** The parts of the last answer, by their numbers. */
export interface objects {
  parts: ReadonlyMap<number, object>;
  /** How many parts there were so far, in all answers. */
  count: number;
}

export function noPartsReceived(): objects {
  return { parts: new Map(), count: 0 };
}

/**
 * The inverse of {@link printAnswer}; `undefined` where the end is missing, a line is no JSON, or a part is not there. Equal parts are one object, also
 * in answers that follow each other: `received` is changed, and goes with the `sent` of the other side.
 */
export function parseAnswer(lines: readonly string[], received: objects = noPartsReceived()): RenderAnswer | undefined {
  if (lines.at(-1)?.trimEnd() !== END) return undefined;
  const head = tryParse(lines[0] ?? '');
  const rest = lines.slice(1, -1);
  if (!isObject(head)) return undefined;
  const state = textAt(head, 'state');
  // The child is Muster itself: its values have the types that it printed.
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  if (state === 'unusable' || state === 'failed') return head as unknown as RenderAnswer;
  if (state === 'needs') {
    const values = rest.flatMap((text) => tryParse(text) ?? []);
    return values.length === rest.length ? { state, requests: decodeRequests(values) } : undefined;
  }
  const fleet = head['fleet'];
  if (state !== 'rendered' || !isObject(fleet)) return undefined;
  const clusters = parseClusters(rest, received);
  if (clusters === undefined) return undefined;
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  return { state, fleet: { ...fleet, clusters } as unknown as RenderedFleet };
}

function parseClusters(lines: readonly string[], received: objects): readonly object[] | undefined {
  const parts = new Map(received.parts);
  let isWhole = true;
  const partsOf = (numbers: readonly JsonValue[]): readonly object[] => {
    const found = numbers.flatMap((number): readonly object[] => {
      const part = parts.get(Number(number));
      return part === undefined ? [] : [part];
    });
    isWhole &&= found.length === numbers.length;
    return found;
  };
  const add = (part: object): void => {
    parts.set(received.count, part);
    received.count += 1;
  };
  const rest = createRest();
  let last: JsonValue | undefined;
  // One line after the other: what a line was parsed to must be gone before all of them are.
  for (const text of lines) {
    last = tryParse(text);
    if (last === undefined) return undefined;
    const [manifest, app, cluster] = [at(last, 'manifest'), at(last, 'app'), at(last, 'cluster')];
    if (isObject(manifest)) add(rest.lay(manifest, text));
    if (isObject(app)) add({ ...app, manifests: partsOf(listAt(app, 'manifests')) });
    if (isObject(cluster)) add({ ...cluster, apps: partsOf(listAt(cluster, 'apps')) });
  }
  rest.end();
  const clusters = partsOf(listAt(last, 'clusters'));
  const kept = listAt(last, 'kept').map(Number);
  received.parts = new Map(
    kept.flatMap((number) => {
      const part = parts.get(number);
      return part === undefined ? [] : [[number, part] as const];
    }),
  );
  return isWhole && at(last, 'clusters') !== undefined ? clusters : undefined;
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
