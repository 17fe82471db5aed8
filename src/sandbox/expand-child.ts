/**
 * The child process that starts kustomize and Helm. It has no credentials and no environment, reads nothing of the
 * repository by itself, and may write to its scratch folder only (`run-expansions.ts` starts it so). Its orders come on
 * standard input, one line of JSON each; one line goes back for each request.
 */
import { text } from 'node:stream/consumers';
import { mapLimited } from '../concurrency.ts';
import { isObject, numberAt, parseJson, textAt } from '../object/json.ts';
import { createExpander } from './expand.ts';
import { decodeRequests } from './expansion-message.ts';
import type { FoundPrograms } from './find-programs.ts';
import { endProgramsWithUs } from './run-confined.ts';

/** Requests under way, most of which wait: for one of the few programs that run at once, or for the next second. */
const IN_FLIGHT = 32;

endProgramsWithUs();
const [order, ...rest] = (await text(process.stdin)).split('\n').slice(0, -1).map(parseJson);
const programs = isObject(order) ? order['programs'] : undefined;
const expander = await createExpander({
  // oxlint-disable-next-line no-unsafe-type-assertion -- Muster's own message
  programs: programs as unknown as FoundPrograms,
  scratch: textAt(order, 'scratch') ?? '',
  timeoutMs: numberAt(order, 'timeoutMs') ?? 0,
  memoryMiB: numberAt(order, 'memoryMiB') ?? 0,
  parallel: numberAt(order, 'parallel') ?? 1,
});
await mapLimited(decodeRequests(rest), IN_FLIGHT, async (request) => {
  const answer = await expander.expand(request);
  const line = `${JSON.stringify({ key: request.key, answer })}\n`;
  if (!process.stdout.write(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
});
