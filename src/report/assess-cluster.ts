import type { AppPlan, PendingApproval, SkippedObject } from '../model/apply.ts';
import type { DoneTick, FailedTick, Tick } from '../model/tick.ts';
import type { ObjectId } from '../model/manifest.ts';
import type { CommitStatus } from '../model/status.ts';
import { HEALTH_STATES } from '../model/health.ts';
import { formatId, idKey } from '../object/id.ts';
import { formatFailure } from './format-failure.ts';

/** How one cluster stands, for people: the worst first. */
export interface ClusterVerdict {
  readonly state: CommitStatus['state'];
  /** One line: what is in the way, or what is there. */
  readonly text: string;
}

/** `undefined`: it was not looked at yet. */
export function assessCluster(tick: Tick | undefined): ClusterVerdict {
  if (tick === undefined) return { state: 'pending', text: 'not looked at yet' };
  if (tick.state === 'failed') {
    return { state: failedState(tick), text: formatFailure(tick.failure) };
  }
  const findings = [
    ...tick.plan.apps.flatMap(appFindings),
    ...resultFindings(tick),
    ...healthFindings(tick),
    ...openFindings(tick),
  ];
  const worst = findings.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))[0];
  if (worst === undefined) return { state: 'success', text: inSync(tick) };
  const more = findings.filter((each) => each.state === worst.state).length - 1;
  return more === 0 ? worst : { state: worst.state, text: `${worst.text}, +${more}` };
}

/** A write phase that was too long for one tick goes on with the next. */
function failedState({ failure, result }: FailedTick): CommitStatus['state'] {
  const progress = result?.apps.some((app) => app.objects.length > 0) ?? false;
  return failure.code === 'CANCELLED' && progress ? 'pending' : 'error';
}

/** True when everything is applied and Current, and nothing waits. */
export function isInSync(tick: Tick | undefined): boolean {
  return assessCluster(tick).state === 'success';
}

const ORDER: readonly CommitStatus['state'][] = ['error', 'failure', 'pending', 'success'];

function appFindings(plan: AppPlan): readonly ClusterVerdict[] {
  const { app, blocked } = plan;
  if (blocked !== undefined) {
    // Its reason names the first of those that are refused.
    const others = plan.skipped.filter((each) => each.outcome === 'refused').slice(1);
    const findings = blocked.kind === 'refused' ? others.flatMap(skippedFindings) : [];
    return [{ state: BLOCK_STATES[blocked.kind], text: `app ${app}: ${blocked.reason}` }, ...findings];
  }
  const approval: readonly ClusterVerdict[] =
    plan.approval === undefined ? [] : [{ state: 'pending', text: `app ${app}: ${approvalText(plan.approval)}` }];
  const stuck = plan.kept.filter((each) => each.state === 'waiting' && plan.approval === undefined);
  return [
    ...approval,
    ...plan.skipped.flatMap(skippedFindings),
    ...stuck.map(({ id, reason }) => ({
      state: 'pending' as const,
      text: `${formatId(id)} is not deleted: ${reason}`,
    })),
  ];
}

/** The digest first: a status is cut at 140 characters, and half a digest approves nothing. */
function approvalText({ digest, reason }: PendingApproval): string {
  return `muster approve ${digest} (${reason})`;
}

const BLOCK_STATES = {
  unsafe: 'error',
  held: 'failure',
  refused: 'failure',
  waiting: 'pending',
  suspended: 'pending',
} as const satisfies Record<NonNullable<AppPlan['blocked']>['kind'], CommitStatus['state']>;

function skippedFindings({ id, outcome, reason, healInMs }: SkippedObject): readonly ClusterVerdict[] {
  const text = `${formatId(id)}: ${reason}`;
  switch (outcome) {
    case 'unknown':
      return [{ state: 'error', text }];
    case 'refused':
      return [{ state: 'failure', text }];
    case 'waiting':
      return [{ state: 'pending', text }];
    case 'drifted': // Where it is healed later, the cluster is on its way; where it is only reported, the commit did arrive.
      return healInMs === undefined ? [] : [{ state: 'pending', text }];
    case 'unchanged':
    case 'skipped':
      return [];
  }
}

function resultFindings(tick: DoneTick): readonly ClusterVerdict[] {
  return tick.result.apps.flatMap(({ app, objects, aborted, isFailure }) => [
    ...(aborted === undefined
      ? []
      : [{ state: isFailure === true ? ('failure' as const) : ('pending' as const), text: `app ${app}: ${aborted}` }]),
    ...objects
      .filter((each) => each.outcome === 'failed')
      .map((each) => ({ state: 'failure' as const, text: `${formatId(each.id)}: ${each.reason}` })),
    ...objects
      .filter((each) => each.outcome === 'waiting')
      .map((each) => ({ state: 'pending' as const, text: `${formatId(each.id)}: ${each.reason}` })),
  ]);
}

function healthFindings(tick: DoneTick): readonly ClusterVerdict[] {
  const drifted = new Set(tick.plan.apps.flatMap((app) => app.skipped.filter(isDrifted).map((each) => idKey(each.id))));
  return tick.health.objects
    .filter((each) => each.health.state !== 'Current' && !drifted.has(idKey(each.id)))
    .toSorted((a, b) => HEALTH_STATES.indexOf(b.health.state) - HEALTH_STATES.indexOf(a.health.state))
    .map(({ id, health }) => {
      const text = `${formatId(id)} ${health.message === '' ? health.state : health.message}`;
      return { state: health.state === 'Failed' ? ('failure' as const) : ('pending' as const), text };
    });
}

/** What was decided and not done, as where nothing may be written. (What transfers and recreations begin waits anyway.) */
function openFindings({ plan, result, health }: DoneTick): readonly ClusterVerdict[] {
  const done = result.apps.flatMap(({ objects }) => objects.map(({ id }) => idKey(id)));
  const behind = health.objects.flatMap((each) => (each.health.state === 'Current' ? [] : [idKey(each.id)]));
  const told = new Set([...done, ...behind]);
  return plan.apps.flatMap(({ steps, deletes }) => [
    ...steps.flat().flatMap(({ request: { id } }) => (told.has(idKey(id)) ? [] : [open(id, 'applied')])),
    ...deletes.flatMap(({ id }) => (told.has(idKey(id)) ? [] : [open(id, 'deleted')])),
  ]);
}

function open(id: ObjectId, what: string): ClusterVerdict {
  return { state: 'pending', text: `${formatId(id)} is not ${what} yet` };
}

/** What drifted is not judged by its health, which is of what somebody made of it. */
function isDrifted({ outcome }: SkippedObject): boolean {
  return outcome === 'drifted';
}

function inSync({ health, target, plan }: DoneTick): string {
  const kept = plan.apps.flatMap((app) => app.kept.filter((each) => each.state === 'protected'));
  const [objects, apps] = [health.objects.length, target.apps.length];
  const text = `in sync: ${objects} ${objects === 1 ? 'object' : 'objects'} of ${apps} ${apps === 1 ? 'app' : 'apps'}`;
  const [first] = kept;
  if (first === undefined) return text;
  const stay = kept.length === 1 ? 'stays' : 'stay';
  return `${text}; ${kept.length} left the repository and ${stay}: ${formatId(first.id)} (${first.reason})`;
}
