/**
 * The child process that reads and renders what other people committed. It has no credentials, no environment, a memory
 * limit, and may read only the repository's objects and Muster's own files (`render-revision.ts` starts it so). One request
 * on standard input, one answer on standard output.
 */
import { text } from 'node:stream/consumers';
import { PortError } from '../model/errors.ts';
import { createRenderCache, listExpansions, renderFleet } from '../reconcile.ts';
import { readSnapshot } from '../source/git/read-snapshot.ts';
import { parseRequest, printAnswer, type RenderAnswer, type RenderRequest } from './render-message.ts';

async function answer({ gitdir, revision, path, answers }: RenderRequest): Promise<RenderAnswer> {
  try {
    const snapshot = await readSnapshot({ gitdir }, revision, { path });
    const cache = createRenderCache();
    const requests = listExpansions(snapshot, cache);
    if (requests.some(({ key }) => !answers.has(key))) return { state: 'needs', requests };
    return renderFleet(snapshot, cache, answers);
  } catch (error) {
    if (error instanceof PortError) return { state: 'failed', failure: error };
    throw error;
  }
}

const request = parseRequest(await text(process.stdin));
for (const line of printAnswer(await answer(request))) {
  if (!process.stdout.write(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}
