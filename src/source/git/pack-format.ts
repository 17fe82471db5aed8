/** Packs and their indexes as bytes (gitformat-pack). Everything throws RangeError for bytes that are not what they should be. */

/** Whether an error is about bytes, not about us: a RangeError (ours, or Buffer's), or one of zlib's. */
export function isDamage(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
}

/** One object of a pack, before its content. */
export interface PackEntry {
  readonly kind: 'commit' | 'tree' | 'blob' | 'tag' | 'delta';
  /** Bytes of the content; of the delta itself, where it is one. */
  readonly size: number;
  /** Where the compressed content starts, from the start of the bytes given. */
  readonly start: number;
  /** What a delta builds on: an object earlier in the pack, or any object by its id. */
  readonly base?: { readonly distance: number } | { readonly oid: string };
}

/** Reads the header of the entry that starts at `at`. */
export function readEntry(bytes: Buffer, at: number): PackEntry {
  const first = bytes.readUInt8(at);
  let size = first & 0x0f;
  let position = at + 1;
  for (let byte = first, scale = 16; byte & 0x80; scale *= 128) {
    byte = bytes.readUInt8(position++);
    size += (byte & 0x7f) * scale;
  }
  if (!Number.isSafeInteger(size)) throw new RangeError('an impossible size');
  const kind = KINDS[(first >> 4) & 7];
  if (kind === 'distance') {
    let byte = bytes.readUInt8(position++);
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      byte = bytes.readUInt8(position++);
      distance = (distance + 1) * 128 + (byte & 0x7f);
    }
    return { kind: 'delta', size, start: position, base: { distance } };
  }
  if (kind === 'oid') {
    const oid = bytes.toString('hex', position, position + 20);
    if (oid.length !== 40) throw new RangeError('a base without a whole id');
    return { kind: 'delta', size, start: position + 20, base: { oid } };
  }
  if (kind === undefined) throw new RangeError('an unknown kind of object');
  return { kind, size, start: position };
}

const KINDS = [undefined, 'commit', 'tree', 'blob', 'tag', undefined, 'distance', 'oid'] as const;

/** The sizes of base and result that a delta starts with, and where its instructions start. */
export function readDeltaSizes(delta: Uint8Array): {
  readonly base: number;
  readonly result: number;
  readonly start: number;
} {
  let position = 0;
  const readSize = (): number => {
    let size = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = byteAt(delta, position++);
      size += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(size)) throw new RangeError('an impossible size');
      if ((byte & 0x80) === 0) return size;
    }
  };
  return { base: readSize(), result: readSize(), start: position };
}

/** The result of a delta. The caller has judged its size with {@link readDeltaSizes}: that much memory is taken. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const sizes = readDeltaSizes(delta);
  if (sizes.base !== base.length) throw new RangeError('a delta for another base');
  const result = new Uint8Array(sizes.result);
  let written = 0;
  for (let position = sizes.start; position < delta.length;) {
    const instruction = byteAt(delta, position++);
    if (instruction === 0) throw new RangeError('an unknown instruction');
    const copies = instruction >= 0x80;
    let [offset, length] = [position, instruction];
    if (copies) {
      // Seven bits say which of the four bytes of the offset, and of the three of the length, follow; the others are 0.
      [offset, length] = [0, 0];
      for (let bit = 0; bit < 7; bit += 1) {
        if ((instruction & (1 << bit)) === 0) continue;
        const byte = byteAt(delta, position++);
        if (bit < 4) offset += byte * 256 ** bit;
        else length += byte * 256 ** (bit - 4);
      }
      if (length === 0) length = 0x10000;
    } else position += length;
    const source = copies ? base : delta;
    if (offset + length > source.length) throw new RangeError('a copy from beyond the end');
    result.set(source.subarray(offset, offset + length), written); // RangeError beyond the end of the result.
    written += length;
  }
  if (written !== result.length) throw new RangeError('a result that is too short');
  return result;
}

function byteAt(bytes: Uint8Array, position: number): number {
  const byte = bytes[position];
  if (byte === undefined) throw new RangeError('ends too early');
  return byte;
}

/** The index of a pack: which objects it has, and where. */
export interface PackIndex {
  readonly count: number;
  /** Offset in the pack of an object; `undefined` when the pack does not have it. */
  find(oid: string): number | undefined;
  /** Where the object at `offset` ends: where the next one starts, or the trailer. */
  endOf(offset: number, packSize: number): number;
  /** The ids that start with at least two hex digits. */
  startingWith(prefix: string): readonly string[];
}

const HEADER = 8;
const NAMES = HEADER + 256 * 4;

/** Reads an index of version 2, the only one that Git has written since 2007. */
export function parseIndex(bytes: Buffer): PackIndex {
  if (bytes.readUInt32BE(0) !== 0xff744f63 || bytes.readUInt32BE(4) !== 2)
    throw new RangeError('not an index, version 2');
  const upTo = (first: number): number => (first < 0 ? 0 : bytes.readUInt32BE(HEADER + first * 4));
  const count = upTo(255);
  const offsets = NAMES + count * 24;
  const long = offsets + count * 4;
  const end = bytes.length - 40;
  if (long > end || (end - long) % 8 !== 0) throw new RangeError('an index of another length');
  const nameAt = (index: number): Buffer => bytes.subarray(NAMES + index * 20, NAMES + index * 20 + 20);
  const offsetAt = (index: number): number => {
    const offset = bytes.readUInt32BE(offsets + index * 4);
    return offset < 0x80000000 ? offset : Number(bytes.readBigUInt64BE(long + (offset - 0x80000000) * 8));
  };
  let sorted: Float64Array | undefined;
  return {
    count,
    find(oid) {
      const wanted = Buffer.from(oid, 'hex');
      let [low, high] = [upTo((wanted[0] ?? 0) - 1), upTo(wanted[0] ?? 0)];
      while (low < high) {
        const middle = (low + high) >>> 1;
        const order = wanted.compare(nameAt(middle));
        if (order === 0) return offsetAt(middle);
        if (order < 0) high = middle;
        else low = middle + 1;
      }
      return undefined;
    },
    endOf(offset, packSize) {
      sorted ??= Float64Array.from({ length: count }, (_, index) => offsetAt(index)).sort();
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((sorted[middle] ?? 0) <= offset) low = middle + 1;
        else high = middle;
      }
      return sorted[low] ?? packSize - 20;
    },
    startingWith(prefix) {
      const first = Number.parseInt(prefix.slice(0, 2), 16);
      const names: string[] = [];
      for (let index = upTo(first - 1); index < upTo(first); index += 1) names.push(nameAt(index).toString('hex'));
      return names.filter((name) => name.startsWith(prefix));
    },
  };
}
