/**
 * The ceiling: what API servers take of a client that does nothing but send. A process of its own, so that it is measured as
 * the others are.
 *
 *     node bench/support/bare-loop.ts REQUESTS [--dry-run-first] KUBECONFIG…
 *
 * REQUESTS has a JSON object for each request, one a line: `{"path": …, "body": …}`. Each cluster gets all of them, all
 * clusters at once: in the order of the file, eight at a time, as server-side applies with Muster's parameters; with
 * `--dry-run-first` all as dry-runs, then all again.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Agent } from 'undici';
import { FIELD_MANAGER } from '../../src/object/applyset.ts';
import { readKubeconfig } from '../../test/support/kubeconfig.ts';

/** As many as Muster has under way to one cluster. */
const CONNECTIONS = 8;

const { values, positionals } = parseArgs({
  options: { 'dry-run-first': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [file = '', ...kubeconfigs] = positionals;
const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
// oxlint-disable-next-line no-unsafe-type-assertion -- bench/support/apply-place.ts wrote it
const requests = lines.map((line) => JSON.parse(line) as { readonly path: string; readonly body: string });

await Promise.all(kubeconfigs.map(bringTo));

async function bringTo(kubeconfig: string): Promise<void> {
  const { url, ca, user } = readKubeconfig(await readFile(kubeconfig, 'utf8'));
  const connect = { ca, cert: user.certificate, key: user.key };
  const agent = new Agent({ allowH2: false, connections: CONNECTIONS, connect });
  const query = `?fieldManager=${FIELD_MANAGER}&fieldValidation=Strict&force=false`;
  if (values['dry-run-first']) await sendAll(agent, url, `${query}&dryRun=All`);
  await sendAll(agent, url, query);
  await agent.close();
}

async function sendAll(agent: Agent, origin: string, parameters: string): Promise<void> {
  const queue = requests.values();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (const { path, body } of queue) {
        const answer = await agent.request({
          origin,
          path: path + parameters,
          method: 'PATCH',
          headers: { 'content-type': 'application/apply-patch+yaml' },
          body,
        });
        const text = await answer.body.text();
        if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
      }
    }),
  );
}
