import type { JsonObject } from '../model/json.ts';
import type { ObjectId, ObjectPolicy } from '../model/manifest.ts';
import { groupOf } from '../object/id.ts';
import { mapAt, textAt } from '../object/json.ts';
import { checkMetadata } from './check-metadata.ts';
import { checkCount } from './check-count.ts';
import { parsePolicy } from './parse-policy.ts';
import { plainSecret } from './plain-secret.ts';
import { type Problem, reportInto } from './problem.ts';
import { type NamespaceContext, resolveNamespace } from './resolve-namespace.ts';
import { warnOfKind } from './warn-of-kind.ts';
import { withoutServerFields } from './without-server-fields.ts';

/** A merged object, ready to be applied, or what keeps it from that. Pointers are into the object that was passed. */
export interface FinishedObject {
  /** Absent: one of the problems is an error. */
  readonly object?: {
    readonly id: ObjectId;
    readonly apiVersion: string;
    readonly body: JsonObject;
    readonly policy: ObjectPolicy;
  };
  readonly problems: readonly Problem[];
}

/**
 * Fills in the namespace, removes what only the API server sets, and checks what every cluster would refuse or, worse,
 * take in another sense.
 */
export function finishObject(body: JsonObject, context: NamespaceContext): FinishedObject {
  const problems: Problem[] = [];
  const [report, warn] = [reportInto(problems, 'error'), reportInto(problems, 'warning')];
  const namespace = resolveNamespace(body, context, report);
  checkMetadata(body, report);
  checkCount(body, report);
  warnOfKind(body, warn);
  const policy = parsePolicy(body, problems);
  const clean = withoutServerFields(plainSecret(body, report, warn), warn);
  if (problems.some((problem) => problem.severity === 'error')) return { problems };
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  const kind = textAt(body, 'kind') ?? '';
  const name = textAt(body, 'metadata', 'name') ?? '';
  const id = { group: groupOf(apiVersion), kind, namespace: namespace ?? '', name };
  return { object: { id, apiVersion, body: withNamespace(clean, namespace), policy }, problems };
}

/** Behind the name, where people look for it; where it stands already, it stays. */
function withNamespace(body: JsonObject, namespace: string | undefined): JsonObject {
  const metadata = mapAt(body, 'metadata');
  if (typeof metadata['namespace'] === 'string') return body;
  const own = namespace === undefined ? [] : [['namespace', namespace] as const];
  const entries = Object.entries(metadata)
    .filter(([key]) => key !== 'namespace') // It may stand there as null.
    .flatMap(([key, value]) => (key === 'name' ? [[key, value] as const, ...own] : [[key, value] as const]));
  return { ...body, metadata: Object.fromEntries(entries) };
}
