/** In characters. A commit status has 140, and the names of the cluster and the object come before it. */
const LIMIT = 120;

/** What is looked at, in characters: a hostile status may hold a megabyte, and the patterns below are not linear. */
const READ_LIMIT = 4096;

/**
 * A message of a health rule made fit for commit statuses, logs and terminals: one line, no control or invisible
 * characters, no credentials, at most 120 characters, cut on a word.
 *
 * Rules quote what controllers wrote into conditions. Commit statuses are read by more people than objects are, so what
 * commonly carries credentials there is masked: the user part and the query of a URL, and `password=…` and the like.
 */
export function printHealthMessage(message: string): string {
  const line = toLine(message.slice(0, READ_LIMIT));
  // The last word may be half a credential that the patterns no longer recognise.
  const whole = message.length > READ_LIMIT ? line.slice(0, Math.max(0, line.lastIndexOf(' '))) : line;
  return cut(SECRETS.reduce((text, [pattern, masked]) => text.replaceAll(pattern, masked), whole));
}

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)[^\s/@]+@/g, '$1***@'],
  [/(:\/\/[^\s?]+\?)[^\s"']+/g, '$1***'],
  [/\b(password|passwd|token|api[-_]?key|authorization)(["']?\s*[:=]\s*)(?:(?:basic|bearer)\s+)?\S+/gi, '$1$2***'],
];

/** Without escape sequences, new lines, marks that reverse the direction of the text, and halves of characters. */
function toLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
}

function cut(text: string): string {
  if (text.length <= LIMIT) return text;
  const space = text.lastIndexOf(' ', LIMIT - 1);
  const end = space > LIMIT / 2 ? space : LIMIT - 1;
  return `${text.slice(0, end).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
