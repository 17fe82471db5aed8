import { Minimatch } from 'minimatch';

/** A pattern for names that is ready to use, or why there is none; `error` is for people and names the pattern. */
export type ParsedGlob =
  | { readonly state: 'glob'; readonly match: (name: string) => boolean }
  | { readonly state: 'refused'; readonly error: string };

/** No name in Kubernetes is longer (RFC 1123). It also bounds the time that a match takes. */
const MAX_LENGTH = 253;

/** What other globs give a meaning to, and these do not: taken as text it would match nothing, in silence. */
const REFUSED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^$/, 'is empty; write * for every name'],
  [/\//, 'holds /, which no name has'],
  [/\*\*/, 'holds **; one * matches any part of a name'],
  [/[{}]/, 'holds braces; list the names one by one'],
  [/[[\]]/, 'holds brackets; ? matches any one character, or list the names one by one'],
  [/[()|]/, 'holds parentheses or |; list the names one by one'],
  [/\\/, 'holds a backslash; nothing has to be escaped'],
  [/^!/, 'begins with !; name what is not meant under exclude'],
];

/**
 * A pattern for names of clusters and objects: `*` stands for any characters and `?` for one, and everything else for
 * itself. The case of letters counts. Without `*` and `?` it is the name.
 */
export function parseGlob(pattern: string): ParsedGlob {
  const refused = REFUSED.find(([what]) => what.test(pattern));
  if (refused !== undefined)
    return { state: 'refused', error: `the pattern ${JSON.stringify(pattern.slice(0, MAX_LENGTH))} ${refused[1]}` };
  if (pattern.length > MAX_LENGTH) {
    const error = `the pattern "${pattern.slice(0, 20)}…" has ${pattern.length} characters; names have at most ${MAX_LENGTH}`;
    return { state: 'refused', error };
  }
  if (!/[*?]/.test(pattern)) return { state: 'glob', match: (name) => name === pattern };
  const glob = new Minimatch(pattern, OPTIONS);
  return { state: 'glob', match: (name) => name.length <= MAX_LENGTH && glob.match(name) };
}

/** Leaves `*` and `?`. `dot`: a leading dot is a character like any other. `platform`: a backslash parts nothing anywhere. */
const OPTIONS = { nonegate: true, nocomment: true, noext: true, nobrace: true, dot: true, platform: 'linux' } as const;
