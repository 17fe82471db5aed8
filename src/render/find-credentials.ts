import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';

/** What nobody commits on purpose, by the forms that their issuers document for exactly this search. */
const CREDENTIALS: readonly (readonly [what: string, form: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['an access key of AWS', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b/],
  ['a token of GitLab', /\bglpat-[A-Za-z0-9_-]{20}\b/],
  ['a token of Slack', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/],
  ['a key of Google Cloud', /\bAIza[0-9A-Za-z_-]{35}\b/],
];

/** A text that looks like a credential. */
export interface FoundCredential {
  /** `a private key`. */
  readonly what: string;
  /** JSON pointer into the object. */
  readonly pointer: string;
}

/** Texts of an object that look like credentials, in its order. The credential itself is never in the result. */
export function findCredentials(object: JsonObject): readonly FoundCredential[] {
  const found: FoundCredential[] = [];
  const visit = (value: JsonValue, path: readonly string[]): void => {
    if (typeof value === 'string') {
      const known = value.length < SHORTEST ? undefined : CREDENTIALS.find(([, form]) => form.test(value));
      if (known !== undefined) found.push({ what: known[0], pointer: formatPointer(path) });
    } else if (isList(value)) {
      for (const [index, item] of value.entries()) visit(item, [...path, String(index)]);
    } else if (isObject(value)) {
      for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
    }
  };
  visit(object, []);
  return found;
}

/** Of all forms: most texts in manifests are shorter. */
const SHORTEST = 15;
