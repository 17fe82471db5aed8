import { setTimeout as sleep } from 'node:timers/promises';
import { PortError } from '../model/errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { LiveObject } from '../model/observation.ts';
import { isObject, mapAt, textAt } from '../object/json.ts';
import { idKey } from '../object/id.ts';
import { type Describe, isSelected, type Lister, listObjects, listParameters, type ListQuery } from './list.ts';
import { objectPath } from './paths.ts';
import type { ApiRequest, Transport } from './transport.ts';

/** Lists from memory what watches keep up to date. Asks the API server only for what no watch covers. */
export interface LiveCache extends Lister {
  /** Takes in the answer to a write of ours, so that the next tick sees it even before its event arrives. */
  stored(object: LiveObject): void;
  removed(id: ObjectId): void;
  /**
   * A write of ours had no answer, or was refused because the object is another one than we know: what is known of its kind
   * is listed anew. A watch that stands still would else never tell.
   */
  doubted(id: ObjectId): void;
  close(): void;
}

/** In milliseconds. */
export interface LiveCacheOptions {
  /** A list is made anew when older than this, because an event can be lost. */
  readonly relistMs: number;
  /** A watch that nobody asked about for so long ends. */
  readonly idleMs: number;
  /** Called when something that matters changed, or a watch broke: time for a tick. */
  readonly onChange: () => void;
  /** Bodies of objects that this returns true for are kept; those of all others only until they were listed once. */
  readonly keepBody: (query: ListQuery) => boolean;
}

/** A server that ends or refuses watches at once must not be asked in a tight loop: the pauses double, up to this. */
const REOPEN_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/**
 * A watch is a hint: when it breaks, its list is made anew at the next tick, and a cluster that cannot be asked then is
 * unreachable, not empty.
 */
export function createLiveCache(
  cluster: string,
  transport: Transport,
  describe: Describe,
  options: LiveCacheOptions,
): LiveCache {
  const informers = new Map<string, Informer>();
  /** By key of an informer: watches in a row that ended without having told anything. */
  const barren = new Map<string, number>();
  const closed = new AbortController();
  let wakesAt = Number.POSITIVE_INFINITY;

  const start = async (key: string, query: ListQuery, signal: AbortSignal): Promise<Informer> => {
    const { objects, resourceVersion } = await listObjects(cluster, transport, describe, query, signal);
    // Of this kind, also those that asked for the objects of fewer or more apps.
    for (const [other, { stop, query: known }] of informers) {
      if (other !== key && pathOf(known) !== pathOf(query)) continue;
      stop.abort();
      informers.delete(other);
      if (other !== key) barren.delete(other);
    }
    const informer: Informer = {
      query,
      objects: new Map(objects.map((object) => [idKey(object.id), object])),
      stop: new AbortController(),
      listedAt: performance.now(),
      usedAt: performance.now(),
      live: true,
    };
    informers.set(key, informer);
    void follow(key, informer, resourceVersion);
    return informer;
  };

  const follow = async (key: string, informer: Informer, from: string): Promise<void> => {
    let resourceVersion = from;
    while (informer.live && !informer.stop.signal.aborted) {
      const tries = barren.get(key) ?? 0;
      barren.set(key, tries + 1);
      try {
        const events = await transport.stream(watchRequest(informer.query, resourceVersion), informer.stop.signal);
        for await (const event of events) {
          resourceVersion = receive(informer, isObject(event) ? event : {}) ?? resourceVersion;
          barren.delete(key);
        }
        await sleep(pauseMs(tries), undefined, { signal: informer.stop.signal });
      } catch {
        informer.live = false;
        // The first time at once: that a watch breaks now and then is usual.
        if (!informer.stop.signal.aborted) void wake(tries === 0 ? 0 : pauseMs(tries));
      }
    }
  };

  /** Asks for a tick, which lists anew what is not live; of several requests the earliest counts. */
  const wake = async (delayMs: number): Promise<void> => {
    const dueAt = performance.now() + delayMs;
    if (wakesAt <= dueAt) return;
    wakesAt = dueAt;
    await sleep(delayMs, undefined, { signal: closed.signal, ref: false }).catch(() => {});
    if (wakesAt !== dueAt) return;
    wakesAt = Number.POSITIVE_INFINITY;
    if (!closed.signal.aborted) options.onChange();
  };

  /** Returns the resourceVersion to go on from. */
  const receive = (informer: Informer, event: JsonObject): string | undefined => {
    const body = mapAt(event, 'object');
    const type = textAt(event, 'type');
    if (type === 'BOOKMARK') return textAt(body, 'metadata', 'resourceVersion');
    if (type === 'ERROR' || type === undefined) throw expired(cluster, informer.query);
    const object = describe(body);
    const isGone = type === 'DELETED' || !isSelected(informer.query, body);
    if (take(informer, object, isGone)) options.onChange();
    return object.resourceVersion;
  };

  const sweep = (): void => {
    for (const [key, informer] of informers) {
      if (performance.now() - informer.usedAt < options.idleMs) continue;
      informer.stop.abort();
      informers.delete(key);
      barren.delete(key);
    }
  };

  return {
    list: async (query, signal) => {
      const key = keyOf(query);
      const known = informers.get(key);
      const fresh = known !== undefined && known.live && performance.now() - known.listedAt < options.relistMs;
      const informer = fresh ? known : await start(key, query, signal);
      informer.usedAt = performance.now();
      sweep();
      return handOut(informer, options.keepBody(query));
    },
    stored: (object) => {
      for (const informer of informers.values()) if (covers(informer.query, object)) take(informer, object, false);
    },
    removed: (id) => {
      for (const informer of informers.values()) informer.objects.delete(idKey(id));
    },
    doubted: (id) => {
      for (const informer of informers.values()) if (coversId(informer.query, id)) informer.live = false;
    },
    close: () => {
      closed.abort();
      for (const informer of informers.values()) informer.stop.abort();
      informers.clear();
    },
  };
}

/** One list and the watch that keeps it. The only mutable state of the cache. */
interface Informer {
  readonly query: ListQuery;
  readonly objects: Map<string, LiveObject>;
  readonly stop: AbortController;
  readonly listedAt: number;
  usedAt: number;
  /** False: the watch broke, and what is here may be old. */
  live: boolean;
}

/** Takes an object in unless a newer state of it is known; true when something that a tick looks at is different. */
function take(informer: Informer, object: LiveObject, deleted: boolean): boolean {
  const key = idKey(object.id);
  const known = informer.objects.get(key);
  if (known !== undefined && isOlder(object, known)) return false;
  if (deleted) return informer.objects.delete(key);
  informer.objects.set(key, object);
  return known === undefined || !sameFacts(known, object);
}

/** API servers give comparable resourceVersions (Kubernetes API concepts, "Resource versions"). */
function isOlder(object: LiveObject, known: LiveObject): boolean {
  return object.uid === known.uid && Number(object.resourceVersion) < Number(known.resourceVersion);
}

/** Status updates that change nothing a person would be told are not worth a tick. */
function sameFacts(a: LiveObject, b: LiveObject): boolean {
  return (
    a.uid === b.uid &&
    a.ownedHash === b.ownedHash &&
    a.strangers?.join() === b.strangers?.join() &&
    a.partOf === b.partOf &&
    a.terminating === b.terminating &&
    a.health.state === b.health.state &&
    a.health.message === b.health.message &&
    a.prunePolicy.keep === b.prunePolicy.keep &&
    a.prunePolicy.confirm === b.prunePolicy.confirm
  );
}

/** Bodies go out once and are then let go: those of objects in their proper state are never looked at again. */
function handOut(informer: Informer, keepBodies: boolean): readonly LiveObject[] {
  const objects = [...informer.objects.values()];
  if (keepBodies) return objects;
  for (const [key, object] of informer.objects) {
    if (object.body !== undefined) informer.objects.set(key, withoutBody(object));
  }
  return objects;
}

function withoutBody({ body: _gone, ...facts }: LiveObject): LiveObject {
  return facts;
}

/** Half a second, then twice as long each time; with jitter, so that the watches of a fleet do not come back at once. */
function pauseMs(tries: number): number {
  return Math.min(REOPEN_MS * 2 ** Math.min(tries, 20), LONGEST_PAUSE_MS) * (0.5 + Math.random());
}

function coversId({ served, namespace }: ListQuery, id: ObjectId): boolean {
  return served.group === id.group && served.kind === id.kind && (namespace === '' || namespace === id.namespace);
}

function covers(query: ListQuery, object: LiveObject): boolean {
  return coversId(query, object.id) && isSelected(query, object.body ?? {});
}

function keyOf(query: ListQuery): string {
  const terms = query.selector.map(({ label, values }) => `${label}=${values.join(',')}`);
  return `${pathOf(query)}?${terms.join('&')}`;
}

function pathOf({ served, namespace }: ListQuery): string {
  return objectPath(served, namespace, '');
}

function watchRequest(query: ListQuery, resourceVersion: string): ApiRequest {
  return {
    method: 'GET',
    path: objectPath(query.served, query.namespace, ''),
    query: {
      ...listParameters(query),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      // Ends some watches at some times, so that a fleet's do not all come back at once.
      timeoutSeconds: String(240 + Math.floor(Math.random() * 60)),
    },
    operation: 'watch',
    subject: `${query.served.kind} objects`,
  };
}

function expired(cluster: string, query: ListQuery): PortError {
  return new PortError({
    port: 'cluster',
    operation: 'watch',
    subject: `${query.served.kind} objects on cluster ${cluster}`,
    code: 'CONFLICT',
    retry: true,
    safeMessage: 'the API server no longer knows where the watch was',
  });
}
