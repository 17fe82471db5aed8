/**
 * A key for maps of contexts. GitHub's contexts are case-insensitive ("Create a commit status", `context`): `Muster/EU`
 * and `muster/eu` are one.
 */
export function contextKey(context: string): string {
  return context.toLowerCase();
}
