import type { JsonObject } from '../model/json.ts';
import { groupOf } from '../object/id.ts';
import { textAt } from '../object/json.ts';
import type { ReportProblem } from './problem.ts';

/** Kinds that can be applied, and that surprise people when they change. */
export function warnOfKind(body: JsonObject, warn: ReportProblem): void {
  const key = `${groupOf(textAt(body, 'apiVersion') ?? '')}/${textAt(body, 'kind') ?? ''}`;
  const surprise = Object.hasOwn(SURPRISING_KINDS, key) ? SURPRISING_KINDS[key] : undefined;
  if (surprise !== undefined) warn('NOT_DECLARATIVE', '/kind', surprise[0], surprise[1]);
}

const SURPRISING_KINDS: Readonly<Record<string, readonly [why: string, help: string]>> = {
  '/Pod': ['a Pod cannot be changed, and is not replaced when its node is gone', 'Use a Deployment or a Job.'],
  'apps/ReplicaSet': ['a ReplicaSet does not replace its Pods when its template changes', 'Use a Deployment.'],
  '/ReplicationController': [
    'a ReplicationController does not replace its Pods when its template changes',
    'Use a Deployment.',
  ],
  'batch/Job': [
    'the template of a Job cannot be changed once it exists',
    'Give the Job another name with each change, or use a CronJob.',
  ],
};
