/** A cluster that takes what it is told, in memory: for the order of writes and for what follows from answers. */
import { PortError, type PortCode } from '../../src/model/errors.ts';
import type { Inventory } from '../../src/model/observation.ts';
import type { ApplyAnswer, ClusterWriter, DeleteAnswer, Refusal } from '../../src/model/ports.ts';
import { formatId } from '../../src/object/id.ts';
import { liveOf, manifest } from './objects.ts';
import { printJson } from '../../src/object/json.ts';

/** What the cluster says to a write; absent: it takes it. Keyed by `apply ConfigMap shop/a`, `delete …`, `store web`. */
export type Answers = Readonly<Record<string, 'created' | 'terminating' | Refusal['kind'] | PortCode>>;

export interface MemoryWriter extends ClusterWriter {
  /** All that was asked for, in order. */
  readonly log: readonly string[];
  /** Inventories as they are stored now, by app. */
  readonly stored: ReadonlyMap<string, Inventory>;
}

const REFUSALS = ['invalid', 'forbidden', 'conflict', 'no-namespace', 'no-kind', 'too-large', 'webhook', 'stale'];

export function memoryWriter(answers: Answers = {}): MemoryWriter {
  const log: string[] = [];
  const stored = new Map<string, Inventory>();
  const ask = (what: string): 'created' | 'terminating' | Refusal | undefined => {
    log.push(what);
    const answer = Object.hasOwn(answers, what) ? answers[what] : undefined;
    if (answer === undefined || answer === 'created' || answer === 'terminating') return answer;
    if (REFUSALS.includes(answer)) {
      // oxlint-disable-next-line no-unsafe-type-assertion -- one of the list above
      return { kind: answer as Refusal['kind'], message: `${answer}: no`, fields: [], immutable: false };
    }
    // oxlint-disable-next-line no-unsafe-type-assertion -- what is left of the union
    const code = answer as PortCode;
    throw new PortError({
      port: 'cluster',
      operation: what.split(' ')[0] ?? '',
      subject: what,
      code,
      retry: true,
      safeMessage: 'it failed',
    });
  };
  return {
    log,
    stored,
    apply: async (request): Promise<ApplyAnswer> => {
      const answer = ask(`apply ${formatId(request.id)}`);
      if (typeof answer === 'object') return { state: 'refused', refusal: answer };
      const object = liveOf(manifest(printJson(request.body)), { resourceVersion: '2' });
      return { state: 'accepted', created: answer === 'created', object };
    },
    transfer: async (action): Promise<ApplyAnswer> => {
      const answer = ask(`transfer ${formatId(action.id)}`);
      if (typeof answer === 'object') return { state: 'refused', refusal: answer };
      const { group, version, kind } = action.served;
      const { namespace, name } = action.id;
      const body = { apiVersion: group === '' ? version : `${group}/${version}`, kind, metadata: { namespace, name } };
      return { state: 'accepted', created: false, object: liveOf(manifest(printJson(body)), { resourceVersion: '2' }) };
    },
    delete: async (action): Promise<DeleteAnswer> => {
      const answer = ask(`delete ${formatId(action.id)}`);
      if (typeof answer === 'object') return { state: 'refused', refusal: answer };
      return { state: answer === 'terminating' ? 'terminating' : 'gone' };
    },
    putInventory: async (_fleet, inventory) => {
      ask(`store ${inventory.app}: ${inventory.entries.map(({ id }) => id.name).join(' ')}`);
      const next = { ...inventory, resourceVersion: `${Number(inventory.resourceVersion) + 1}` };
      stored.set(inventory.app, next);
      return next;
    },
  };
}
