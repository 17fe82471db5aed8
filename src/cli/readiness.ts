import type { Controller } from '../controller.ts';
import type { Election } from '../election.ts';

/**
 * What is still missing before this process can do its work; `undefined`: nothing. Who works is ready once the repository
 * and one cluster were read, and stays it: a new revision, or clusters that are away, are no reason to send nobody to its
 * metrics. Who waits for the lease is ready once it saw the lease: it could take over at once.
 */
export function createReadiness(controller: Controller, election: Election | undefined): () => string | undefined {
  let wasReady = false;
  return () => {
    if (election !== undefined && !election.isLeader()) return notSeen(election);
    const { live, ticks } = controller.state();
    wasReady ||= live !== undefined && [...ticks.values()].some((tick) => tick.state === 'done');
    if (wasReady) return undefined;
    return live === undefined ? 'the repository was not read yet' : 'no cluster was read yet';
  };
}

function notSeen(election: Election): string | undefined {
  if (election.holder() !== undefined) return undefined;
  const trouble = election.trouble();
  return `the lease was not read yet${trouble === undefined ? '' : `: ${trouble}`}`;
}
