/**
 * The child process that reads and renders what other people committed. It has no credentials, no environment, a memory
 * limit, and may read only the repository's objects and Muster's own files (`render-revision.ts` starts it so). Requests come
 * on standard input, one a line, and are answered on standard output one after the other; it ends when the input ends. What
 * it remembers from one to the next is for speed alone, and can be lost at any time.
 */
import { createInterface } from 'node:readline';
import { PortError } from '../model/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { createRenderCache, listExpansions, renderFleet } from '../reconcile.ts';
import { readSnapshot } from '../source/git/read-snapshot.ts';
import { noPartsSent, parseRequest, printAnswer, type RenderAnswer, type RenderRequest } from './render-message.ts';

const cache = createRenderCache();
const sent = noPartsSent();
let blobCache = new Map<string, Uint8Array>();
let last: { readonly key: string; readonly snapshot: Snapshot } | undefined;

async function answer({ gitdir, revision, path, answers }: RenderRequest): Promise<RenderAnswer> {
  try {
    const snapshot = await read(gitdir, revision, path);
    const requests = listExpansions(snapshot, cache);
    if (requests.some(({ key }) => !answers.has(key))) return { state: 'needs', requests };
    return renderFleet(snapshot, cache, answers);
  } catch (error) {
    if (error instanceof PortError) return { state: 'failed', failure: error };
    throw error;
  }
}

/** The last revision is not read again: it may be asked for once more, with what programs printed. */
async function read(gitdir: string, revision: string, path: string): Promise<Snapshot> {
  const key = JSON.stringify([gitdir, revision, path]);
  if (last?.key === key) return last.snapshot;
  const snapshot = await readSnapshot({ gitdir }, revision, { path, blobCache });
  blobCache = contentsOf(snapshot); // What left the repository is not kept.
  last = { key, snapshot };
  return snapshot;
}

function contentsOf({ files }: Snapshot): Map<string, Uint8Array> {
  return new Map(files.flatMap((file) => (file.kind === 'file' ? [[file.oid, file.bytes] as const] : [])));
}

for await (const request of createInterface({ input: process.stdin })) {
  for (const line of printAnswer(await answer(parseRequest(request)), sent)) {
    if (!process.stdout.write(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}
