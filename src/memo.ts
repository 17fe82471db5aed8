/**
 * Remembers values by the inputs that they were made from, so that the cost of a revision follows what changed in it.
 *
 * Objects among the inputs are compared by identity: a stage that hands on the same object for the same input lets the next
 * stage see at once that nothing changed. Everything that a value depends on must be among its inputs.
 */
export interface Memo {
  /** The value that was made from these inputs, or else what `make` returns. `what` tells values of different kinds apart. */
  share<Value>(what: string, inputs: readonly unknown[], make: () => Value): Value;
  /**
   * The same for a value of many parts, of which there is one at a time under each name. When it has to be made anew, `inner`
   * still knows the parts of the last time. What `make` does not ask for is forgotten after it: a memo holds what the last
   * run used, and no more.
   */
  scope<Value>(name: string, inputs: readonly unknown[], make: (inner: Memo) => Value): Value;
}

/** A memo that knows nothing yet. */
export function createMemo(): Memo {
  return createOwnMemo(createNumbers());
}

/**
 * A scope whose `make` also reports. What it reported is reported again each time: a value that is remembered has the same
 * mistakes as on the day when it was made.
 */
export function scopeReported<Item, Value>(
  memo: Memo,
  name: string,
  inputs: readonly unknown[],
  report: (item: Item) => void,
  make: (report: (item: Item) => void, inner: Memo) => Value,
): Value {
  const { value, items } = memo.scope(name, inputs, (inner) => {
    const reported: Item[] = [];
    return { value: make((item) => void reported.push(item), inner), items: reported };
  });
  for (const item of items) report(item);
  return value;
}

interface OwnMemo extends Memo {
  /** Runs `make`, and forgets what it did not ask for. */
  run<Value>(make: (memo: Memo) => Value): Value;
}

interface Shared {
  readonly value: unknown;
  /** The run that asked for it last. */
  lastRun: number;
}

interface Scope extends Shared {
  readonly inputs: readonly unknown[];
  readonly inner: OwnMemo;
}

function createOwnMemo(numberOf: NumberOf): OwnMemo {
  const shared = new Map<string, Shared>();
  const scopes = new Map<string, Scope>();
  let runs = 0;
  const memo: OwnMemo = {
    share<Value>(what: string, inputs: readonly unknown[], make: () => Value): Value {
      const key = keyOf(what, inputs, numberOf);
      const known = shared.get(key) ?? { value: make(), lastRun: runs };
      known.lastRun = runs;
      shared.set(key, known);
      // oxlint-disable-next-line no-unsafe-type-assertion -- one kind of value has one type
      return known.value as Value;
    },
    scope<Value>(name: string, inputs: readonly unknown[], make: (inner: Memo) => Value): Value {
      const known = scopes.get(name);
      if (known !== undefined && sameItems(known.inputs, inputs)) {
        known.lastRun = runs;
        // oxlint-disable-next-line no-unsafe-type-assertion -- as above
        return known.value as Value;
      }
      const inner = known?.inner ?? createOwnMemo(numberOf);
      const value = inner.run(make);
      scopes.set(name, { value, lastRun: runs, inputs, inner });
      return value;
    },
    run(make) {
      runs += 1;
      const value = make(memo);
      for (const values of [shared, scopes]) {
        for (const [key, { lastRun }] of values) if (lastRun !== runs) values.delete(key);
      }
      return value;
    },
  };
  return memo;
}

type NumberOf = (item: object) => number;

/** Numbers objects as they come. No number is given twice, so that it stands for its object also when that is gone. */
function createNumbers(): NumberOf {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  return (item) => {
    const known = numbers.get(item);
    if (known !== undefined) return known;
    last += 1;
    numbers.set(item, last);
    return last;
  };
}

function keyOf(what: string, inputs: readonly unknown[], numberOf: NumberOf): string {
  let key = what;
  for (const input of inputs) {
    if (typeof input === 'string') key += ` ${JSON.stringify(input)}`;
    else if (typeof input === 'object' && input !== null) key += ` #${numberOf(input)}`;
    else key += ` ${String(input)}`;
  }
  return key;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
