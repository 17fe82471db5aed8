/**
 * The longest description a commit status can have. GitHub refuses more with 422 "description is too long (maximum is
 * 140 characters)"; it counts code points, so an emoji is one.
 */
const MAX_CHARACTERS = 140;

/** No word is longer than this in a sentence: a cut that would lose more goes through the word instead. */
const LONGEST_WORD = 40;

/** Only the beginning of a text can be shown, so only that is worked on: API servers answer with megabytes. */
const MAX_INPUT = 10_000;

/** Terminal control sequences: CSI (colours, cursor), OSC (titles, links; up to BEL or ST), and the two-byte ones. */
const ESCAPE_SEQUENCES =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;

/** Everything that moves to another line or column. */
const SPACES = /[\s\u0085\u2028\u2029]+/gu;

/**
 * Controls (Cc), invisible formatting (Cf: overrides of the reading direction, zero-width characters, tags), halves of
 * broken surrogate pairs (Cs) and private use (Co). None of them can be seen, all of them can deceive.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;

/**
 * Any text as the description of a commit status: one line of at most 140 characters that can be seen, cut on a word
 * with `…`. A text that fits and is clean comes back as it is. Descriptions are plain text on forges: `@team`, `#1` and
 * Markdown mean nothing there and stay.
 */
export function clipDescription(text: string): string {
  const plain = text
    .slice(0, MAX_INPUT)
    .replace(ESCAPE_SEQUENCES, '')
    .replace(SPACES, ' ')
    .replace(INVISIBLE, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = Array.from(plain);
  return characters.length <= MAX_CHARACTERS ? plain : `${cutOnWord(characters)}…`;
}

function cutOnWord(characters: readonly string[]): string {
  const room = MAX_CHARACTERS - 1;
  const space = characters.lastIndexOf(' ', room);
  const end = space > room - LONGEST_WORD ? space : room;
  return characters
    .slice(0, end)
    .join('')
    .replace(/[\s,;:·]+$/u, '');
}
