/**
 * A name that somebody else chose, for a message: quoted, at most 200 characters, on one line. Control and formatting
 * characters become `\u{…}`, so that a file name cannot move the cursor, mirror the text or start a line of its own.
 */
export function quoteName(name: string): string {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  return `"${short.replace(/[\p{C}\p{Zl}\p{Zp}"\\]/gu, escape)}"`;
}

function escape(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
