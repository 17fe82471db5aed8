/**
 * The segments of a JSON pointer (RFC 6901), or `undefined` where the text is none: it must be empty or begin with `/`, and
 * every `~` must begin `~0` or `~1`. `/a~1b` → `['a/b']`; `''` → `[]`, the whole value.
 */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text.slice(1).split('/').map(unescapeSegment);
}

/** The inverse of {@link parsePointer}. */
export function formatPointer(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** `~1` first: `~01` is the text `~1`, never a slash (RFC 6901, section 4). */
function unescapeSegment(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
