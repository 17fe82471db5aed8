import { open, readFile, stat } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import type { GitObject } from './git-object.ts';
import { applyDelta, type PackEntry, parseIndex, readDeltaSizes, readEntry } from './pack-format.ts';

/** An object, or only its size when that is over what was asked for. */
export type SizedObject = GitObject | { readonly type: 'too-large'; readonly size: number };

/** One pack file, read through its index. Throws RangeError, zlib's errors and the disk's. */
export interface Pack {
  /** `undefined`: the pack does not have it. `readBase` finds bases that another pack may hold. */
  read(oid: string, maxBytes: number, readBase: ReadBase): Promise<SizedObject | undefined>;
  /** The ids that start with at least two hex digits. */
  startingWith(prefix: string): readonly string[];
}

type ReadBase = (oid: string) => Promise<GitObject | undefined>;

/** No object is larger in memory, not even one that another builds on. */
export const MAX_OBJECT_BYTES = 256 * 1024 * 1024;
/** Packs up to this size are read at once: reading objects one by one from a disk costs more than memory. */
const WHOLE_BYTES = 64 * 1024 * 1024;
/** Objects kept because others build on them. */
const BASES_BYTES = 32 * 1024 * 1024;
/** Git builds chains of at most 4,095 deltas (git-pack-objects, --depth). */
const MAX_CHAIN = 4095;

/**
 * Opens a pack by the path of its index. Unlike isomorphic-git's, this reader uses Node.js's zlib (a tenth of the time),
 * and it knows the size of an object before it takes the memory.
 */
export async function openPack(indexPath: string): Promise<Pack> {
  const path = indexPath.replace(/idx$/, 'pack');
  const index = parseIndex(await readFile(indexPath));
  const { size: packSize } = await stat(path);
  let whole: Promise<Buffer> | undefined; // Most packs of a store hold nothing of what is asked for.
  const bases = boundedCache(BASES_BYTES);

  const readEntryAt = async (offset: number): Promise<Entry> => {
    const length = index.endOf(offset, packSize) - offset;
    if (length <= 0 || offset + length > packSize) throw new RangeError('an offset beyond the end');
    if (packSize <= WHOLE_BYTES) whole ??= readFile(path);
    const bytes = (await whole)?.subarray(offset, offset + length) ?? (await readRange(path, offset, length));
    return { ...readEntry(bytes, 0), offset, bytes };
  };

  /** From an object down to the one that everything builds on: the deltas, nearest first, and that object. */
  const unwind = async (start: number, readBase: ReadBase): Promise<Chain> => {
    const deltas: Delta[] = [];
    for (let offset = start; ;) {
      const known = bases.get(offset);
      if (known !== undefined) return { deltas, base: known };
      const entry = await readEntryAt(offset);
      if (entry.kind !== 'delta') return { deltas, base: { ...entry, kind: entry.kind } };
      if (deltas.length >= MAX_CHAIN) throw new RangeError('a chain of deltas without an end');
      deltas.push({ offset, bytes: inflate(entry) });
      const next = baseOffset(entry);
      if (next === undefined) {
        const base = await readBase(entry.base !== undefined && 'oid' in entry.base ? entry.base.oid : '');
        if (base === undefined) throw new RangeError('a base that is nowhere');
        return { deltas, base };
      }
      offset = next;
    }
  };

  const baseOffset = (entry: Entry): number | undefined => {
    if (entry.base === undefined) throw new RangeError('a delta without a base');
    if ('oid' in entry.base) return index.find(entry.base.oid);
    const offset = entry.offset - entry.base.distance;
    if (offset <= 0 || offset === entry.offset) throw new RangeError('a base beyond the start');
    return offset;
  };

  return {
    startingWith: (prefix) => index.startingWith(prefix),
    async read(oid, maxBytes, readBase) {
      const offset = index.find(oid);
      if (offset === undefined) return undefined;
      const { deltas, base } = await unwind(offset, readBase);
      const size = deltas[0] === undefined ? sizeOf(base) : readDeltaSizes(deltas[0].bytes).result;
      if (size > maxBytes) return { type: 'too-large', size };
      let object: GitObject = 'type' in base ? base : { type: base.kind, bytes: inflate(base) };
      if (deltas.length > 0 && 'kind' in base) bases.set(base.offset, object);
      for (const delta of deltas.toReversed()) {
        limit(readDeltaSizes(delta.bytes).result);
        object = { type: object.type, bytes: applyDelta(object.bytes, delta.bytes) };
        bases.set(delta.offset, object);
      }
      return object;
    },
  };
}

interface Entry extends PackEntry {
  readonly offset: number;
  readonly bytes: Buffer;
}

interface Delta {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Chain {
  readonly deltas: readonly Delta[];
  readonly base: GitObject | (Entry & { readonly kind: GitObject['type'] });
}

function sizeOf(base: Chain['base']): number {
  return 'type' in base ? base.bytes.length : base.size;
}

/** Only so much as the header says is ever made: what inflates to more, or to less, is damaged. */
function inflate(entry: Entry): Uint8Array {
  limit(entry.size);
  const content = inflateSync(entry.bytes.subarray(entry.start), { maxOutputLength: Math.max(entry.size, 1) });
  if (content.length !== entry.size) throw new RangeError('an object of another size');
  return content;
}

function limit(size: number): void {
  if (size > MAX_OBJECT_BYTES) throw new RangeError(`an object of ${size} bytes`);
}

async function readRange(path: string, offset: number, length: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
  if (bytesRead !== length) throw new RangeError('ends too early');
  return buffer;
}

/** Forgets the oldest first, which in a walk in the order of a pack is the one least likely to be needed. */
function boundedCache(maxBytes: number): Map<number, GitObject> {
  const cache = new Map<number, GitObject>();
  let bytes = 0;
  const add = cache.set.bind(cache);
  cache.set = (key, object) => {
    bytes += object.bytes.length - (cache.get(key)?.bytes.length ?? 0);
    add(key, object);
    for (const [oldest, { bytes: old }] of cache) {
      if (bytes <= maxBytes) break;
      cache.delete(oldest);
      bytes -= old.length;
    }
    return cache;
  };
  return cache;
}
