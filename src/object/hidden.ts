/**
 * Characters that nobody sees and that all can deceive: controls (Cc), formatting (Cf: overrides of the reading direction, tags),
 * halves of broken pairs (Cs), private use (Co), separators of lines (Zl, Zp), spaces that are no plain space (Zs), and what fonts
 * are told to leave out (Default_Ignorable_Code_Point). Line ends and tabs are no surprise in a text, and the two selectors that say
 * whether a character is drawn as text or as an emoji hide nothing.
 */
export const HIDDEN = /(?!\uFE0E|\uFE0F)[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Z}\p{DI}\uFFF0-\uFFFB\uFFFE\uFFFF]--[ \t\n]]/v;

const ALL = new RegExp(HIDDEN, 'gv');

/** Hidden characters of a text of several lines as `\u{…}`, so that they are seen and do nothing. */
export function showHidden(text: string): string {
  return HIDDEN.test(text) ? text.replace(ALL, escape) : text;
}

/** The same for a text that must stay on one line: a message, a cell of a table, a value of a log. */
export function showOnOneLine(text: string): string {
  return showHidden(text).replace(/[\t\n]/g, escape);
}

/**
 * A name that somebody else chose, for a message: quoted, at most 200 characters, on one line, so that a file name cannot move
 * the cursor, mirror the text or start a line of its own.
 */
export function quoteName(name: string): string {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  return `"${showOnOneLine(short.replace(/["\\]/g, '\\$&'))}"`;
}

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
