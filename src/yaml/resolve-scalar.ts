import type { JsonValue } from '../model/json.ts';

/**
 * What a scalar means to kubectl: sigs.k8s.io/yaml reads YAML 1.1 with the rules of go-yaml v2 and hands on JSON.
 * `test/golden/yaml-kubectl.json` holds what kubectl itself makes of hundreds of them.
 */

type Scalar = null | boolean | number | bigint | string;

/** `rounded`: an integer outside 64 bits. `none`: JSON has no such value, or the tag says something else. */
export type Resolved =
  | { readonly state: 'exact' | 'rounded'; readonly value: Scalar }
  | { readonly state: 'none'; readonly reason: string; readonly help?: string };

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);
const LONGEST_WORD = 5;

const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INTEGER = /^[-+]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
/** A leading point is the one place where go-yaml leaves the underscores to Go, which wants digits around them. */
const POINT_FLOAT = /^\.\d(?:_?\d)*(?:[eE][-+]?\d(?:_?\d)*)?$/;

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** The meaning of text without quotes and without a tag. */
export function resolvePlain(text: string): Resolved {
  if (text.length <= LONGEST_WORD) {
    const word = WORDS.get(text);
    if (word !== undefined) return exact(word);
  }
  const first = text.charCodeAt(0);
  const digit = first >= 48 && first <= 57;
  if (digit || first === 43 || first === 45 || first === 46) return resolveNumber(text);
  return exact(text);
}

/** The meaning of text with one of the tags of YAML itself; `tag` is what stands behind `!!`. */
export function resolveTagged(tag: string, text: string): Resolved {
  if (tag === 'str') return exact(text);
  if (tag === 'binary') return resolveBinary(text);
  const plain = resolvePlain(text);
  const value = plain.state === 'none' ? undefined : plain.value;
  const number = typeof value === 'number' || typeof value === 'bigint';
  if (tag === 'float' && number) return exact(fromDouble(Number(value)));
  if (tag === 'float' && plain.state === 'none') return plain;
  if (tag === 'int' && number && isInteger(text)) return plain;
  if (tag === 'bool' && typeof value === 'boolean') return plain;
  if (tag === 'null' && value === null) return plain;
  return none(`the value is not what its tag !!${tag} says`);
}

/** How something that is not text was written, where that surprises people. */
export function surpriseOf(text: string, value: JsonValue): 'true' | 'false' | 'leading zero' | undefined {
  if (typeof value === 'boolean') return /^(?:true|false)$/i.test(text) ? undefined : `${value}`;
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  return /^[-+]?0[\d_]+$/.test(text) ? 'leading zero' : undefined;
}

function resolveNumber(text: string): Resolved {
  if (NOT_FINITE.test(text)) return none('JSON has no value for .inf and .nan', 'Quote it if you mean text.');
  if (text.startsWith('.')) return POINT_FLOAT.test(text) ? resolveFloat(text) : exact(text);
  const digits = withoutOddities(text);
  if (INTEGER.test(digits)) return resolveInteger(text, digits);
  return FLOAT.test(digits) ? resolveFloat(text, digits) : exact(text);
}

/** Without underscores, which stand anywhere, and with the sign first: go-yaml takes `0b-101` for -5. */
function withoutOddities(text: string): string {
  const digits = text.includes('_') ? text.replaceAll('_', '') : text;
  return digits.replace(/^0b([-+])/, '$10b');
}

function resolveInteger(text: string, digits: string): Resolved {
  const value = parseInteger(digits);
  if (value !== undefined && value >= MIN_INT64 && value <= MAX_INT64) return exact(smallest(value));
  if (value !== undefined && value > 0n && value <= MAX_UINT64) return rounded(Number(value));
  // Beyond 64 bits Go tries it as a float, and only decimal digits are one: hexadecimal ones become text.
  const double = FLOAT.test(digits) ? Number(digits) : Infinity;
  return Number.isFinite(double) ? rounded(double) : exact(text);
}

/** `undefined`: more than 64 digits of any base, which no 64 bits hold, and which are slow to convert by the thousand. */
function parseInteger(digits: string): bigint | undefined {
  const [, sign, base, rest] = /^([-+]?)(0[xXbBoO]|0(?=\d)|)0*(.*)$/.exec(digits) ?? [];
  if (rest === undefined || rest.length > 64) return undefined;
  const value = BigInt(`${base === '0' ? '0o' : base?.toLowerCase()}${rest === '' ? '0' : rest}`);
  return sign === '-' ? -value : value;
}

/** A float that is too large is text to go-yaml; one that is too small is zero. */
function resolveFloat(text: string, digits = text.replaceAll('_', '')): Resolved {
  const value = Number(digits);
  return Number.isFinite(value) ? exact(fromDouble(value)) : exact(text);
}

function smallest(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * A double as {@link parseJson} would read what Go prints for it: up to 10^21 as an integer with all its digits. Else
 * `1e20` in Git would never equal the same number in a cluster.
 */
function fromDouble(value: number): number | bigint {
  if (value === 0) return 0; // Go's JSON has `-0`, and the API server reads it as the integer 0.
  const digits = Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;
  return digits ? BigInt(String(value)) : value;
}

function rounded(value: number): Resolved {
  return { state: 'rounded', value: fromDouble(value) };
}

function exact(value: Scalar): Resolved {
  return { state: 'exact', value };
}

function none(reason: string, help?: string): Resolved {
  return { state: 'none', reason, ...(help === undefined ? {} : { help }) };
}

/** Whether Go counts it as an integer and not as a float: it fits 64 bits, without or with a sign. */
function isInteger(text: string): boolean {
  const digits = withoutOddities(text);
  if (!INTEGER.test(digits)) return false;
  const value = parseInteger(digits);
  return value !== undefined && value >= MIN_INT64 && value <= MAX_UINT64;
}

/** Go decodes into bytes and hands them on as text; what is not UTF-8 would be damaged on the way. */
function resolveBinary(text: string): Resolved {
  const base64 = text.replaceAll(/[\r\n]/g, '');
  if (base64.length % 4 !== 0 || !/^[A-Za-z\d+/]*={0,2}$/.test(base64)) {
    return none('the value is not the base64 that its tag !!binary says');
  }
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return exact(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return none('the base64 of a !!binary value is not UTF-8 text, and JSON holds nothing else');
  }
}
