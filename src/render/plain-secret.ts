import type { JsonObject } from '../model/json.ts';
import { groupOf } from '../object/id.ts';
import { mapAt, omit, textAt } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';
import { describeValue } from './describe-value.ts';
import type { ReportProblem } from './problem.ts';

/**
 * `stringData` becomes `data`: the API server keeps only `data`, so that under server-side apply a key that leaves
 * `stringData` would stay for ever.
 */
export function plainSecret(body: JsonObject, report: ReportProblem, warn: ReportProblem): JsonObject {
  if (body['kind'] !== 'Secret' || groupOf(textAt(body, 'apiVersion') ?? '') !== '') return body;
  const [data, stringData] = [mapAt(body, 'data'), mapAt(body, 'stringData')];
  if (Object.keys(data).length + Object.keys(stringData).length > 0) {
    warn(
      'PLAIN_SECRET',
      '/kind',
      `Secret "${textAt(body, 'metadata', 'name') ?? ''}" stands in the repository in clear text`,
      'Use a sealed or external secret, and change what was committed.',
    );
  }
  for (const [key, value] of Object.entries(stringData)) {
    if (typeof value === 'string') continue;
    report(
      'BAD_VALUE',
      formatPointer(['stringData', key]),
      `the value of "${key}" is ${describeValue(value, body)}, and must be text`,
      'Put it in quotes.',
    );
  }
  const both = Object.keys(stringData).find((key) => Object.hasOwn(data, key));
  if (both !== undefined) {
    warn(
      'BAD_VALUE',
      formatPointer(['stringData', both]),
      `key "${both}" stands in data and in stringData; stringData wins`,
      'Remove one of them.',
    );
  }
  if (body['stringData'] === undefined) return body;
  const encoded = Object.entries(stringData).map(
    ([key, value]) => [key, toBase64(typeof value === 'string' ? value : '')] as const,
  );
  return { ...omit(body, ['stringData']), data: { ...data, ...Object.fromEntries(encoded) } };
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
