/**
 * Between the loop around the repository and the ticks: a deletion needs the commit to be the head now, not a while ago. A
 * process that stood still wakes up with a commit that may be old, in front of a cluster that another one brought to a newer.
 */
export interface HeadCheck {
  /**
   * Has the repository asked, and resolves when it answered: `undefined` where its head is this revision, else why that is
   * not known. Never rejects.
   */
  readonly confirm: (revision: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Called by the loop before it asks: whoever waits now is answered by what it is then told to tell. */
  readonly begin: () => TellHead;
  /** Aborts when somebody waits: then the loop need not sleep on. */
  readonly wanted: () => AbortSignal;
  /** Nobody asks the repository any more: whoever waits, now or later, is told why. */
  readonly end: (reason: string) => void;
}

/** The head, or why nobody knows it; in that case the next ones who wait get the same answer until the head is known again. */
export type TellHead = (answer: { readonly revision: string } | { readonly failure: string }) => void;

/** How long a tick waits for the repository: then it goes on without deletions, and the next one asks again. */
const PATIENCE_MS = 15_000;

export function createHeadCheck(patienceMs = PATIENCE_MS): HeadCheck {
  let waiting: ((answer: Answer) => void)[] = [];
  let wanted = new AbortController();
  /** Set while the repository does not answer: it is not to be asked sooner for that. */
  let failure: string | undefined;
  let ended: string | undefined;
  return {
    confirm: async (revision, signal) => {
      const known = ended ?? failure;
      if (known !== undefined) return refusal(known);
      const answer = await new Promise<Answer>((resolve) => {
        waiting.push(resolve);
        const over = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
        over.addEventListener('abort', () => resolve({ failure: 'it has not answered yet' }), { once: true });
        wanted.abort();
      });
      if ('failure' in answer) return refusal(answer.failure);
      return answer.revision === revision ? undefined : 'nothing is deleted for a commit that is not the head any more';
    },
    begin: () => {
      const asked = waiting;
      waiting = [];
      wanted = new AbortController();
      return (answer) => {
        failure = 'failure' in answer ? answer.failure : undefined;
        const all = failure === undefined ? asked : [...asked, ...waiting.splice(0)];
        for (const tell of all) tell(answer);
      };
    },
    wanted: () => wanted.signal,
    end: (reason) => {
      ended = reason;
      for (const tell of waiting.splice(0)) tell({ failure: reason });
    },
  };
}

type Answer = Parameters<TellHead>[0];

function refusal(failure: string): string {
  return `nothing is deleted before the repository says that this is its head: ${failure}`;
}
