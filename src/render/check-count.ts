import type { JsonObject } from '../model/json.ts';
import { mapAt } from '../object/json.ts';
import { replicaField } from '../object/replicas.ts';
import { describeValue } from './describe-value.ts';
import type { ReportProblem } from './problem.ts';

/**
 * A count that is divided among clusters is one. Read as something else it would be overlooked here, and no table of types
 * says that it must not be negative.
 */
export function checkCount(body: JsonObject, report: ReportProblem): void {
  const field = replicaField(body);
  const count = field === undefined ? undefined : mapAt(body, 'spec')[field];
  if (field === undefined || count === undefined || count === null) return;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return;
  const help = typeof count === 'string' && /^\d+$/.test(count) ? 'Remove the quotes.' : undefined;
  const found = typeof count === 'string' ? 'text' : describeValue(count, body);
  const what = `"spec.${field}" is ${found}, and must be a whole number from 0`;
  report('BAD_VALUE', `/spec/${field}`, what, help);
}
