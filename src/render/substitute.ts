import type { Cluster } from '../model/fleet.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { isList, isObject, own } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';
import type { Problem } from './problem.ts';

/** What variables can speak of: a cluster of the fleet. */
export type VariableSource = Pick<Cluster, 'name' | 'region' | 'labels' | 'variables'>;

export interface Substituted<Value> {
  /** The same reference as the input wherever nothing changed. */
  readonly value: Value;
  readonly problems: readonly Problem[];
}

/**
 * Replaces `${cluster.name}`, `${cluster.region}`, `${cluster.labels.KEY}` and `${vars.NAME}` in all texts of a value, once:
 * what comes in is not looked at again. `$${` becomes `${`. Any other `${…}` is left alone, since files are full of shell
 * scripts and other templates. Keys of maps are never changed.
 *
 * A text that is one reference with `|number` or `|boolean` becomes a number or boolean; without, everything is text.
 * Where a variable is unknown or cannot be what is asked, the text keeps the reference and a problem says so: UNKNOWN_VARIABLE
 * or BAD_VARIABLE. No problem holds the value of a variable, nor the name of the cluster: what is wrong on many clusters is
 * one message.
 */
export function substitute(value: JsonObject, source: VariableSource): Substituted<JsonObject>;
export function substitute(value: JsonValue, source: VariableSource): Substituted<JsonValue>;
export function substitute(value: JsonValue, source: VariableSource): Substituted<JsonValue> {
  const problems: Problem[] = [];
  // Most objects hold no reference at all, and this runs for each of them on each cluster.
  return { value: holdsMark(value) ? substituteAt(value, source, [], problems) : value, problems };
}

/**
 * The variables that a value refers to, sorted, as {@link lookUpVariable} takes them. For two clusters that agree on all of
 * them, the value comes out the same.
 */
export function listVariables(value: JsonValue): readonly string[] {
  const names = new Set<string>();
  collectVariables(value, names);
  return [...names].sort();
}

/**
 * What {@link substitute} takes from a cluster for these variables, as text: where two clusters give the same text, the value
 * and the problems come out the same.
 */
export function printVariables(names: readonly string[], source: VariableSource): string {
  const print = (name: string): string => {
    const value = lookUpVariable(name, source);
    // A problem names the variable that was probably meant.
    return value === undefined ? `none of ${JSON.stringify(variablesOf(source))}` : JSON.stringify(value);
  };
  return names.map(print).join(',');
}

/** The value of `cluster.name`, `cluster.region`, `cluster.labels.KEY` or `vars.NAME`; `undefined` where there is none. */
export function lookUpVariable(name: string, source: VariableSource): string | number | boolean | undefined {
  if (name === 'cluster.name') return source.name;
  if (name === 'cluster.region') return source.region;
  if (name.startsWith(LABELS)) return own(source.labels, name.slice(LABELS.length));
  if (name.startsWith(VARS)) return own(source.variables, name.slice(VARS.length));
  return undefined;
}

const LABELS = 'cluster.labels.';
const VARS = 'vars.';

/** An escaped `${`, or a reference without another inside it. */
const TOKEN = /\$\$\{|\$\{([^${}]*)\}/g;

/** Keys of labels hold `/` and `.` (`topology.kubernetes.io/region`). */
const REFERENCE = /^(cluster\.name|cluster\.region|(?:cluster\.labels|vars)\.[\w./-]+)(?:\|(number|boolean))?$/;

/** What is meant for us even where it is malformed; `:` begins a default in shells and in other tools. */
const OURS = /^(?:cluster\.labels\.|vars\.|cluster\.(?:name|region)(?:[|:]|$))/;

type Type = 'number' | 'boolean';

/** A problem whose place is known where it is caught. */
type Report = (problem: Omit<Problem, 'pointer'>) => void;

interface Reference {
  readonly name: string;
  readonly type?: Type;
}

function holdsMark(value: JsonValue): boolean {
  if (typeof value === 'string') return value.includes('${');
  if (isList(value)) return value.some(holdsMark);
  return isObject(value) && Object.entries(value).some(([key, item]) => key.includes('${') || holdsMark(item));
}

function substituteAt(
  value: JsonValue,
  source: VariableSource,
  path: readonly string[],
  problems: Problem[],
): JsonValue {
  if (typeof value === 'string') return value.includes('${') ? substituteText(value, source, path, problems) : value;
  if (isList(value)) {
    const items = value.map((item, index) => substituteAt(item, source, [...path, String(index)], problems));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    warnOfKey(key, path, problems);
    return [key, substituteAt(item, source, [...path, key], problems)] as const;
  });
  // `fromEntries` also keeps a key `__proto__` a plain key.
  return entries.some(([key, item]) => item !== value[key]) ? Object.fromEntries(entries) : value;
}

function substituteText(text: string, source: VariableSource, path: readonly string[], problems: Problem[]): JsonValue {
  const report = (problem: Omit<Problem, 'pointer'>): void =>
    void problems.push({ ...problem, pointer: formatPointer(path) });
  const whole = parseWhole(text);
  if (whole !== undefined) return typedValue(whole, source, report) ?? text;
  return text.replaceAll(TOKEN, (token: string, inner: string | undefined) => {
    if (inner === undefined) return '${';
    const reference = parseReference(inner, report);
    if (reference === undefined) return token;
    if (reference.type !== undefined) {
      report(
        badVariable(`"${token}" stands within other text, so it cannot be a ${reference.type}`, 'Leave the type out.'),
      );
      return token;
    }
    const value = knownValue(reference.name, source, report);
    return value === undefined ? token : String(value);
  });
}

/** The reference, if the text is one with a type and nothing else. */
function parseWhole(text: string): Required<Reference> | undefined {
  const match = /^\$\{([^${}]*)\}$/.exec(text);
  const [, name, type] = REFERENCE.exec(match?.[1] ?? '') ?? [];
  return name !== undefined && (type === 'number' || type === 'boolean') ? { name, type } : undefined;
}

function parseReference(inner: string, report: Report): Reference | undefined {
  const [, name, type] = REFERENCE.exec(inner) ?? [];
  if (name !== undefined) return type === 'number' || type === 'boolean' ? { name, type } : { name };
  if (OURS.test(inner)) {
    // What follows the name is not repeated: it may be a default, and that may be a password.
    const start = `\${${/^[\w./-]*/.exec(inner)?.[0] ?? ''}`;
    report(
      badVariable(
        `"${start}…" is no reference: only "|number" or "|boolean" may follow the name, and there are no defaults`,
        `Write "$${start}…" where the text itself is meant.`,
      ),
    );
  } else {
    warnOfSlip(inner, report);
  }
  return undefined;
}

/** `${cluster.nmae}` is left alone as it may be meant for another program, but not in silence. */
function warnOfSlip(inner: string, report: Report): void {
  const [, group = '', attribute = ''] = /^(\w+)\.([\w./-]+)$/.exec(inner) ?? [];
  const [first = '', ...rest] = attribute.split('.');
  const near = group === 'cluster' ? nearestName(first, ['name', 'region', 'labels']) : undefined;
  if (near === undefined) return;
  report({
    code: 'UNKNOWN_VARIABLE',
    severity: 'warning',
    message: `"\${${inner}}" is left as it is: a cluster has no "${first}" to refer to`,
    help: `Did you mean "\${${['cluster', near, ...rest].join('.')}}"?`,
  });
}

function typedValue(
  { name, type }: Required<Reference>,
  source: VariableSource,
  report: Report,
): JsonValue | undefined {
  const value = knownValue(name, source, report);
  if (value === undefined) return undefined;
  const converted = type === 'number' ? toNumber(value) : toBoolean(value);
  if (converted === undefined) {
    report(
      badVariable(
        `variable "${name}" is not a ${type} on this cluster, as "|${type}" asks`,
        type === 'number'
          ? 'Write it with digits only, or drop "|number".'
          : 'Set it to true or false, or drop "|boolean".',
      ),
    );
  }
  return converted;
}

function toNumber(value: string | number | boolean): number | bigint | undefined {
  if (typeof value !== 'string') return typeof value === 'number' ? value : undefined;
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(value)) return undefined;
  const number = Number(value);
  if (!Number.isFinite(number)) return undefined;
  return /^-?\d+$/.test(value) && !Number.isSafeInteger(number) ? BigInt(value) : number;
}

function toBoolean(value: string | number | boolean): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

function knownValue(name: string, source: VariableSource, report: Report): string | number | boolean | undefined {
  const value = lookUpVariable(name, source);
  if (value !== undefined) return value;
  const near = nearestName(name, variablesOf(source));
  report({
    code: 'UNKNOWN_VARIABLE',
    severity: 'error',
    message: `variable "${name}" is unknown: this cluster ${reasonFor(name)}`,
    help: near === undefined ? `Set it in the file of the cluster.` : `Did you mean "\${${near}}"?`,
  });
  return undefined;
}

function reasonFor(name: string): string {
  if (name === 'cluster.region') return 'has no region';
  if (name.startsWith(LABELS)) return `has no label "${name.slice(LABELS.length)}"`;
  return `sets no variable "${name.slice(VARS.length)}"`;
}

function variablesOf(source: VariableSource): readonly string[] {
  return [
    'cluster.name',
    ...(source.region === undefined ? [] : ['cluster.region']),
    ...Object.keys(source.labels).map((key) => LABELS + key),
    ...Object.keys(source.variables).map((key) => VARS + key),
  ];
}

function warnOfKey(key: string, path: readonly string[], problems: Problem[]): void {
  if (!key.includes('${')) return;
  const [token] = [...key.matchAll(TOKEN)].find(([, inner]) => inner !== undefined && REFERENCE.test(inner)) ?? [];
  if (token === undefined) return;
  problems.push({
    code: 'BAD_VARIABLE',
    severity: 'warning',
    message: `"${token}" is left as it is: variables are replaced in values, not in keys`,
    pointer: formatPointer([...path, key]),
  });
}

function collectVariables(value: JsonValue, names: Set<string>): void {
  if (typeof value === 'string') {
    if (!value.includes('${')) return;
    for (const [, inner] of value.matchAll(TOKEN)) {
      const name = inner === undefined ? undefined : REFERENCE.exec(inner)?.[1];
      if (name !== undefined) names.add(name);
    }
  } else if (isList(value)) {
    for (const item of value) collectVariables(item, names);
  } else if (isObject(value)) {
    for (const item of Object.values(value)) collectVariables(item, names);
  }
}

function badVariable(message: string, help: string): Omit<Problem, 'pointer'> {
  return { code: 'BAD_VARIABLE', severity: 'error', message, help };
}
