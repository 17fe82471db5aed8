import { createSlots, mapLimited, type Slots } from '../concurrency.ts';
import type {
  AppPlan,
  ApplyAction,
  ApplyPlan,
  ApplyResult,
  AppResult,
  DeleteAction,
  ObjectResult,
  TransferAction,
} from '../model/apply.ts';
import { PortError, type PortFailure } from '../model/errors.ts';
import type { Inventory } from '../model/observation.ts';
import type { ClusterWriter, Refusal } from '../model/ports.ts';
import { describeRefusal } from '../object/describe-refusal.ts';
import { isContainer } from './contents.ts';
import { settleInventory, sameInventory } from './inventory.ts';
import { inTurns } from './waves.ts';

/** Writes under way at once, over all apps: 4–16 saturate an API server on two cores (design 6). */
const PARALLEL = 8;

/** Told as objects are done, for people who watch. */
export type OnProgress = (result: ObjectResult) => void;

/**
 * Carries out a plan and decides nothing. Per app: inventory := old ∪ new → transfer → apply → delete → inventory := what
 * is left.
 * The first inventory write is a compare-and-swap: whoever loses it writes nothing.
 *
 * Apps that need not wait for one another go side by side ({@link inTurns}): a small app is a handful of requests, one after
 * the other, and most of its time goes by between them.
 *
 * An outage ends the write phase; what was done until then is in the result.
 */
export async function applyPlan(
  plan: ApplyPlan,
  fleet: string,
  writer: ClusterWriter,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ApplyResult> {
  const context: Context = { fleet, writer, onProgress, signal, slots: createSlots(PARALLEL) };
  const apps: AppResult[] = [];
  for (const app of plan.apps) if (app.blocked !== undefined) await recordNote(app, context);
  for (const turn of inTurns(plan.apps.filter(({ blocked }) => blocked === undefined))) {
    const outcomes = await applyTogether(turn, context);
    apps.push(...outcomes.map(({ app }) => app));
    const outage = outcomes.find((each) => each.outage !== undefined)?.outage;
    if (outage !== undefined) return { apps, outage };
  }
  return { apps };
}

/** What comes of it can wait: the next look finds it missing. */
async function recordNote({ note }: AppPlan, { fleet, writer, signal }: Context): Promise<void> {
  if (note === undefined) return;
  try {
    await writer.putInventory(fleet, note, signal);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
  }
}

/** When one of them finds that the cluster is gone, no further one is begun. */
async function applyTogether(plans: readonly AppPlan[], context: Context): Promise<readonly AppOutcome[]> {
  let isGone = false;
  const outcomes = await mapLimited(plans, PARALLEL, async (plan) => {
    if (isGone) return [];
    const outcome = await applyApp(plan, context);
    isGone ||= outcome.outage !== undefined;
    return [outcome];
  });
  return outcomes.flat();
}

interface Context {
  readonly fleet: string;
  readonly writer: ClusterWriter;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Taken for each write, so that the writer is asked at the moment at which it can send. */
  readonly slots: Slots;
}

interface AppOutcome {
  readonly app: AppResult;
  readonly outage?: PortFailure;
}

async function applyApp(plan: AppPlan, context: Context): Promise<AppOutcome> {
  const objects: ObjectResult[] = [];
  const add = (result: ObjectResult): void => {
    objects.push(result);
    context.onProgress(result);
  };
  let recorded = plan;
  try {
    recorded = { ...plan, ...(await recordIntent(plan, context)) };
    const applied = (await runTransfers(plan, add, context)) && (await runSteps(plan, add, context));
    if (applied) await runDeletes([...plan.recreations, ...plan.deletes], plan.app, add, context);
    await recordOutcome(recorded, { app: plan.app, objects }, context);
    return { app: { app: plan.app, objects } };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    if (error.code === 'CANCELLED' && objects.length > 0) await recordPart(recorded, objects, context);
    const aborted = `${error.subject}: ${error.safeMessage}`;
    // The inventory would be too large: only this app is, and only a person can change that.
    if (error.code === 'TOO_BIG' && error.operation === 'store')
      return { app: { app: plan.app, objects, aborted, isFailure: true } };
    // Somebody else changed the inventory: this app is looked at again, the cluster is fine.
    const outage = error.code === 'CONFLICT' ? {} : { outage: error };
    return { app: { app: plan.app, objects, aborted }, ...outage };
  }
}

async function recordIntent(
  plan: AppPlan,
  { fleet, writer, signal, slots }: Context,
): Promise<{ readonly intent?: Inventory }> {
  if (plan.intent === undefined) return {};
  const intent = { ...plan.intent, ...plan.settings, revision: plan.revision };
  return { intent: await slots.use(() => writer.putInventory(fleet, intent, signal)) };
}

async function recordOutcome(
  plan: AppPlan,
  result: AppResult,
  { fleet, writer, signal, slots }: Context,
): Promise<void> {
  const settled = settleInventory(plan, result);
  const recorded = plan.intent ?? plan.inventory;
  if (settled === undefined || recorded === undefined || sameInventory(settled, recorded)) return;
  await slots.use(() => writer.putInventory(fleet, settled, signal));
}

/** We stopped, not the cluster: what was done until then need not be found out by the next write phase. */
async function recordPart(plan: AppPlan, objects: readonly ObjectResult[], context: Context): Promise<void> {
  try {
    await recordOutcome(plan, { app: plan.app, objects }, context);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    // The record of the intent is still there, and names everything that may have been made.
  }
}

/** False: one was refused, and nothing is applied. The objects themselves are applied by the next tick, from what it reads. */
async function runTransfers(plan: AppPlan, add: OnProgress, context: Context): Promise<boolean> {
  const results = await mapLimited(plan.transfers, PARALLEL, async (action) => {
    const result = await transferObject(plan.app, action, context);
    add(result);
    return result;
  });
  return results.every(({ outcome }) => outcome !== 'failed');
}

async function transferObject(
  app: string,
  action: TransferAction,
  { writer, signal, slots }: Context,
): Promise<ObjectResult> {
  const answer = await slots.use(() => writer.transfer(action, signal));
  if (answer.state === 'refused') return refused(app, action.id, answer.refusal);
  return { app, id: action.id, outcome: 'configured', reason: action.reason };
}

/** False: an object was refused or has to be looked at again, and the later steps were not begun. */
async function runSteps(plan: AppPlan, add: OnProgress, context: Context): Promise<boolean> {
  for (const step of plan.steps) {
    const results = await mapLimited(step, PARALLEL, async (action) => {
      const result = await applyObject(plan.app, action, context);
      add(result);
      return result;
    });
    if (results.some(({ outcome }) => outcome === 'failed' || outcome === 'waiting')) return false;
  }
  return true;
}

async function applyObject(
  app: string,
  action: ApplyAction,
  { writer, signal, slots }: Context,
): Promise<ObjectResult> {
  const { request, before } = action;
  const answer = await slots.use(() => writer.apply(request, signal));
  if (answer.state === 'refused') return refused(app, request.id, answer.refusal);
  const { object } = answer;
  const same = before !== undefined && before.resourceVersion === object.resourceVersion;
  const outcome = answer.created ? 'created' : same ? 'unchanged' : 'configured';
  return { app, id: request.id, outcome, reason: '', live: object };
}

/**
 * One after the other and in order: what refers to others goes first. A server that fails gets no further delete, and what
 * may hold something that stayed is not deleted either.
 */
async function runDeletes(
  deletes: readonly DeleteAction[],
  app: string,
  add: OnProgress,
  { writer, signal, slots }: Context,
): Promise<void> {
  let refusals = 0;
  for (const action of deletes) {
    if (refusals > 0 && isContainer(action.id)) {
      add({ app, id: action.id, outcome: 'waiting', reason: 'something that would go with it could not be deleted' });
      continue;
    }
    const answer = await slots.use(() => writer.delete(action, signal));
    if (answer.state === 'refused') {
      refusals += 1;
      add(refused(app, action.id, answer.refusal));
      if (answer.refusal.kind === 'failed') return;
    } else if (answer.state === 'gone') add({ app, id: action.id, outcome: 'deleted', reason: '' });
    else add({ app, id: action.id, outcome: 'waiting', reason: 'its deletion is under way' });
  }
}

/** A precondition that no longer holds is nobody's failure: what is there now is looked at by the next tick. */
function refused(app: string, id: ObjectResult['id'], refusal: Refusal): ObjectResult {
  const { kind, fields } = refusal;
  if (kind === 'namespace-ends') return { app, id, outcome: 'waiting', reason: 'its namespace is being deleted' };
  return kind === 'stale' || (kind === 'conflict' && fields.length === 0)
    ? { app, id, outcome: 'waiting', reason: 'it changed in this moment, and is looked at again' }
    : { app, id, outcome: 'failed', reason: describeRefusal(refusal) };
}
