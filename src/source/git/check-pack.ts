import { createHash } from 'node:crypto';
import { inflateSync, type Zlib } from 'node:zlib';
import { isDamage, readDeltaSizes, readEntry } from './pack-format.ts';

/** How large what a pack unfolds to may be. */
export interface PackLimits {
  /** Bytes of one object. */
  readonly objectBytes: number;
  /** Bytes of all objects. */
  readonly unpackedBytes: number;
}

/** Why a pack is not used. */
export interface PackFault {
  readonly code: 'CORRUPT' | 'TOO_BIG';
  readonly reason: string;
}

/**
 * Judges a pack before isomorphic-git sees it: that would keep a truncated one, and would unfold a few kilobytes to any
 * size (a file of zeros, a delta that copies itself). `breathe` is awaited between objects.
 */
export async function findPackFault(
  pack: Buffer,
  limits: PackLimits,
  breathe: () => Promise<void>,
): Promise<PackFault | undefined> {
  try {
    return await walk(pack, limits, breathe);
  } catch (error) {
    if (isDamage(error)) return corrupt('an object is damaged');
    throw error;
  }
}

/** The number of objects that a pack says it holds. */
export function countObjects(pack: Buffer): number {
  return pack.readUInt32BE(8);
}

const HEADER = 12;
const TRAILER = 20;

async function walk(pack: Buffer, limits: PackLimits, breathe: () => Promise<void>): Promise<PackFault | undefined> {
  const end = pack.length - TRAILER;
  if (end < HEADER || pack.toString('latin1', 0, 4) !== 'PACK') return corrupt('it is no pack');
  const digest = createHash('sha1').update(pack.subarray(0, end)).digest();
  if (!digest.equals(pack.subarray(end))) return corrupt('it is incomplete, or was changed on the way');
  const starts = new Set<number>();
  let [at, total] = [HEADER, 0];
  for (let left = countObjects(pack); left > 0; left -= 1) {
    if (left % 100 === 0) await breathe();
    const entry = readEntry(pack.subarray(0, end), at);
    if (entry.size > limits.objectBytes) return tooBig(`it holds an object of ${entry.size} bytes`);
    if (entry.base !== undefined && 'distance' in entry.base && !starts.has(at - entry.base.distance)) {
      return corrupt('a delta has no base');
    }
    const { bytes, consumed } = unfold(pack.subarray(entry.start, end), entry.size);
    const size = entry.kind === 'delta' ? readDeltaSizes(bytes).result : entry.size;
    if (size > limits.objectBytes) return tooBig(`it holds an object of ${size} bytes`);
    total += size;
    if (total > limits.unpackedBytes) return tooBig(`it unpacks to more than ${limits.unpackedBytes} bytes`);
    starts.add(at);
    at = entry.start + consumed;
  }
  return at === end ? undefined : corrupt('it holds more than it says');
}

/** Inflates one object and says how much of the input it was: a pack has no other way to find the next one. */
function unfold(input: Buffer, size: number): { readonly bytes: Uint8Array; readonly consumed: number } {
  const options = { maxOutputLength: Math.max(size, 1), info: true };
  // oxlint-disable-next-line no-unsafe-type-assertion -- what `info` changes is documented, and missing in the types
  const { buffer, engine } = inflateSync(input, options) as unknown as { buffer: Buffer; engine: Zlib };
  if (buffer.length !== size) throw new RangeError('an object of another size');
  return { bytes: buffer, consumed: engine.bytesWritten };
}

function corrupt(reason: string): PackFault {
  return { code: 'CORRUPT', reason };
}

function tooBig(reason: string): PackFault {
  return { code: 'TOO_BIG', reason };
}
