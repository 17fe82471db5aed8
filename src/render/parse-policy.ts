import type { JsonObject } from '../model/json.ts';
import type { ObjectPolicy } from '../model/manifest.ts';
import { mapAt } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';
import type { Problem } from './problem.ts';

/** Values of each `muster.dev/*` annotation. Exact and lower-case: anything else is an error, not a default. */
const KNOWN: Readonly<Record<string, RegExp>> = {
  prune: /^(true|false)$/,
  apply: /^(always|create-only|ignore)$/,
  wave: /^-?\d{1,6}$/,
  force: /^(true|false)$/,
  'on-immutable': /^(fail|recreate)$/,
  'confirm-delete': /^(true|false)$/,
};

const PREFIX = 'muster.dev/';

/** What the annotations of an object ask for. Problems are added to `problems`; their pointers are into `body`. */
export function parsePolicy(body: JsonObject, problems: Problem[]): ObjectPolicy {
  const annotations = mapAt(body, 'metadata', 'annotations');
  for (const [key, value] of Object.entries(annotations)) {
    if (!isOwnAnnotation(key)) continue;
    const problem = checkAnnotation(key.slice(PREFIX.length), value);
    if (problem !== undefined)
      problems.push({ severity: 'error', pointer: formatPointer(['metadata', 'annotations', key]), ...problem });
  }
  const apply = annotations[`${PREFIX}apply`];
  return {
    apply: apply === 'create-only' || apply === 'ignore' ? apply : 'always',
    wave: Number(annotations[`${PREFIX}wave`] ?? 0),
    force: annotations[`${PREFIX}force`] === 'true',
    recreate: annotations[`${PREFIX}on-immutable`] === 'recreate',
  };
}

/** An annotation that says something to Muster, known or not. */
export function isOwnAnnotation(key: string): boolean {
  return key.startsWith(PREFIX);
}

function checkAnnotation(name: string, value: unknown): Omit<Problem, 'severity' | 'pointer'> | undefined {
  const key = `${PREFIX}${name}`;
  const pattern = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  if (pattern === undefined) {
    const nearest = nearestName(name, Object.keys(KNOWN));
    const help =
      nearest === undefined
        ? `Known are: ${Object.keys(KNOWN)
            .map((each) => PREFIX + each)
            .join(', ')}.`
        : `Did you mean "${PREFIX}${nearest}"?`;
    return { code: 'BAD_ANNOTATION', message: `there is no annotation "${key}"`, help, part: 'key' };
  }
  if (typeof value === 'string' && pattern.test(value)) return undefined;
  const values = pattern.source.startsWith('^(')
    ? pattern.source
        .slice(2, -2)
        .split('|')
        .map((each) => `"${each}"`)
        .join(', ')
    : 'a whole number in quotes';
  return {
    code: 'BAD_ANNOTATION',
    message: `annotation "${key}" has a value it does not know`,
    help: `Write ${values}.`,
  };
}
