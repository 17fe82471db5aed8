/** What is wrong with an answer in Git's packet format (gitprotocol-common). */
export type PacketFault =
  | { readonly kind: 'broken'; readonly reason: string }
  /** The server says itself that it failed, in its words. */
  | { readonly kind: 'refused'; readonly text: string };

/**
 * Looks through a whole answer: every packet complete, and a flush packet at the end. isomorphic-git takes a torn
 * answer for a short one, and then a list of refs without our branch reads as "the branch was deleted".
 */
export function findPacketFault(body: Buffer): PacketFault | undefined {
  // The first answer over HTTP begins with a packet of its own and a flush (gitprotocol-http): it is not whole there.
  let flushes = body.toString('latin1', 4, 14) === '# service=' ? -1 : 0;
  let isFlushed = false;
  for (let start = 0; start < body.length;) {
    const digits = body.toString('latin1', start, start + 4);
    if (!/^[0-9a-f]{4}$/i.test(digits)) return broken(digits.length < 4 ? ENDS_WITHIN : 'it is not made of packets');
    const length = Number.parseInt(digits, 16);
    if (length === 3) return broken('a packet has an impossible length');
    isFlushed = length === 0;
    flushes += isFlushed ? 1 : 0;
    if (length > 4) {
      if (start + length > body.length) return broken(ENDS_WITHIN);
      const text = complaint(body.subarray(start + 4, start + length));
      if (text !== undefined) return { kind: 'refused', text };
    }
    start += Math.max(length, 4); // Lengths 0, 1 and 2 are marks without content.
  }
  return isFlushed && flushes > 0 ? undefined : broken('it ends without the mark for its end');
}

const ENDS_WITHIN = 'it ends in the middle of a packet';

function broken(reason: string): PacketFault {
  return { kind: 'broken', reason };
}

/** An `ERR` packet, or the error channel of a multiplexed answer (gitprotocol-pack). */
function complaint(packet: Buffer): string | undefined {
  if (packet.toString('latin1', 0, 4) === 'ERR ') return packet.toString('utf8', 4);
  return packet[0] === 3 ? packet.toString('utf8', 1) : undefined;
}
