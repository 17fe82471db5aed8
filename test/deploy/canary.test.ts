import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { printJson } from '../../src/object/json.ts';
import { createAuthority } from '../support/certificates.ts';
import type { Replica } from './support/replica.ts';
import {
  addServiceAccount,
  appFiles,
  type Fleet,
  isRefused,
  NAMESPACE,
  printKubeconfig,
  startWorld,
  tokenKubeconfig,
  tokenOf,
  type World,
} from './support/world.ts';

/** In every planted value that is ours to choose; the others are tokens and keys that somebody issued. */
const CANARY = 'canary';

describe('secrets', () => {
  const resources = new AsyncDisposableStack();
  let world: World;

  before(async () => {
    world = resources.use(await startWorld());
  });
  after(() => resources.disposeAsync());

  it('are in no line of the log, no status, no metric, no answer and no file, whatever goes wrong', async () => {
    const { api, planes } = world;
    const clusters = Object.fromEntries(
      ['eu', 'us', ...Object.keys(ODD)].map((each) => [each, { connection: { secretRef: { name: `planted-${each}` } } }]),
    );
    await using fleet = await world.fleet('planted', { clusters, files: FIRST });
    await addServiceAccount(api.eu, 'planted');
    const tokens = { hub: await tokenOf(api.hub), eu: await tokenOf(api.eu, 'planted') };
    await fleet.setSecret('eu', tokenKubeconfig(planes.eu, tokens.eu));
    const certificate = planes.us.kubeconfigFor('planted', ['system:masters']);
    await fleet.setSecret('us', certificate);
    for (const [name, { cluster = {}, user }] of Object.entries(ODD))
      await fleet.setSecret(name, printKubeconfig({ server: planes.us.url, ...cluster }, user));
    const planted = [...tokens.eu.split('.').slice(1), ...lines(certificate, 'client-key-data'), fleet.token];

    const seen: string[] = [];
    await using replica = await fleet.run();
    const look = async (): Promise<void> => {
      for (const path of ['/api/v1/status', '/metrics', '/readyz', '/healthz']) seen.push((await replica.get(path)).text);
    };
    await goWrong({ world, tokens, fleet, replica, look });
    await look();
    replica.kill('SIGTERM');
    assert.deepEqual(await replica.ended, { code: 0, signal: null });

    const told = fleet.forge.requests().map(({ path, body }) => `${path} ${printJson(body ?? null)}`);
    const stored = await Promise.all(
      (['hub', 'eu', 'us'] as const).map(async (name) => [
        ...(await api[name].list('v1', 'ConfigMap', NAMESPACE)),
        ...(await api[name].list('coordination.k8s.io/v1', 'Lease', NAMESPACE)),
        ...(await api[name].list('v1', 'Event')),
      ]),
    );
    const places = { log: [replica.output()], answers: seen, forge: told, clusters: stored.flat().map(printJson) };
    for (const [place, texts] of Object.entries(places)) {
      assert.ok(texts.some((text) => text.includes('planted')), `${place} was looked at`);
      for (const text of texts) assert.deepEqual(leaks(text, planted), [], `${place}: ${text}`);
    }
    // The repository is in the cache, packed; credentials are not.
    const files = await filesBelow(join(fleet.folder, 'muster-1'));
    assert.ok(files.some((text) => text.includes('acme/planted')), 'files were looked at');
    for (const text of files) assert.deepEqual(leaks(text, planted), []);
    // What this test looks for can be found where it is.
    assert.notDeepEqual(leaks(printJson((await api.eu.get('v1', 'Secret', fleet.name, 'vault')) ?? null), planted), []);
    assert.notDeepEqual(leaks(tokenKubeconfig(planes.eu, tokens.eu), planted), []);
    assert.notDeepEqual(leaks(Buffer.from(certificate).toString('base64'), planted), []);
  });

  it('in the address of the repository are refused, and not printed', async () => {
    await using fleet = await world.fleet('address');
    const url = new URL(fleet.git.urlOf(fleet.repository));
    url.username = 'planted';
    url.password = 'canary-password';
    await using replica = await fleet.run({ env: { MUSTER_REPO: url.href } });
    assert.deepEqual(await replica.ended, { code: 2, signal: null });
    assert.match(replica.output(), /BAD_CREDENTIALS: the repository's URL holds credentials, which would be printed/);
    assert.deepEqual(leaks(replica.output(), []), []);
  });
});

/** Kubeconfigs that are refused: each says a part of itself, and never one of these values. */
const ODD: Readonly<Record<string, { readonly cluster?: JsonObject; readonly user: JsonObject }>> = {
  'odd-exec': { user: { exec: { command: 'canary-command', args: ['canary-arg'], env: [{ name: 'A', value: 'canary' }] } } },
  'odd-field': { user: { 'canary=token': 'canary-value' } },
  'odd-token': { user: { token: 'canary token' } },
  'odd-key': { user: { 'client-certificate-data': base64('canary-pem'), 'client-key-data': base64('canary-key') } },
  'odd-ca': { cluster: { 'certificate-authority-data': base64('canary-ca') }, user: { token: 'canary-token' } },
  'odd-user': { user: { username: 'canary-user', password: 'canary-password' } },
  'odd-server': { cluster: { server: 'https://canary-user:canary-password@127.0.0.1:1' }, user: { token: 'canary-token' } },
  'odd-trust': {
    cluster: { 'certificate-authority-data': base64(createAuthority('planted').certificate) },
    user: { token: 'canary-token' },
  },
};

const FIRST: Readonly<Record<string, string>> = {
  ...appFiles('vault', secret('vault', { data: { password: base64('canary-data') }, type: 'Opaque' })),
};

const NONSENSE: Readonly<Record<string, string>> = {
  ...appFiles('no-base64', secret('no-base64', { data: { password: 'canary%data' } })),
  ...appFiles('no-map', secret('no-map', { data: 'canary-data' })),
  ...appFiles('no-field', secret('no-field', { stringDat: { password: 'canary-data' } })),
  ...appFiles('no-yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\nstringData:\n  password: "canary-data\n'),
  ...appFiles('no-text', secret('no-text', { stringData: { password: ['canary-data'] } })),
};

interface Stage {
  readonly world: World;
  readonly tokens: { readonly eu: string };
  readonly fleet: Fleet;
  readonly replica: Replica;
  readonly look: () => Promise<void>;
}

/**
 * One failure after the other, each seen to have happened. Read in the log: to the forge they go with a pace that its
 * limits allow, and so later.
 */
async function goWrong({ world: { api }, tokens, fleet, replica, look }: Stage): Promise<void> {
  const reports = (context: string, state: string, revision: string, description = /./): Promise<unknown> =>
    replica.says('status', { context: `muster/${context}`, state, revision, description });
  const first = fleet.head();
  await reports('eu', 'success', first);
  await reports('us', 'success', first);
  for (const name of Object.keys(ODD)) await replica.says('the cluster cannot be used', { cluster: name });
  await look();

  const vault = { apiVersion: 'v1', kind: 'Secret', namespace: fleet.name, name: 'vault' };
  const byHand = { data: { password: base64('canary-by-hand') } };
  await api.eu.patch(vault, byHand, { manager: 'kubectl-edit' });
  await reports('drift', 'pending', first, /healed on eu: Secret planted\/vault \/data\/password \*\*\*/);
  const reportOnly = '{apiVersion: muster.dev/v1alpha1, kind: App, metadata: {name: vault}, spec: {drift: report}}';
  const second = await fleet.commit({ 'apps/vault/app.yaml': reportOnly });
  await reports('eu', 'success', second);
  await api.eu.patch(vault, byHand, { manager: 'kubectl-edit' });
  await reports('drift', 'failure', second, /Secret planted\/vault \/data\/password \*\*\* \(after\) → \*\*\* \(before\)/);
  await look();

  const third = await fleet.commit(NONSENSE);
  await reports('us', 'failure', third);
  await reports('fleet', 'failure', third, /no-/);
  await look();
  const fourth = await fleet.commit(Object.fromEntries(Object.keys(NONSENSE).map((path) => [path, null])));
  await reports('us', 'success', fourth);

  await api.eu.delete('v1', 'ServiceAccount', NAMESPACE, 'planted');
  await isRefused(api.eu, tokens.eu);
  const later = { data: { password: base64('canary-later') } };
  const fifth = await fleet.commit(appFiles('vault', secret('vault', later)));
  await replica.says('the cluster cannot be used', { cluster: 'eu', code: 'UNAUTHENTICATED' });
  await reports('eu', 'error', fifth, /does not accept the credentials/);
  await look();

  fleet.forge.revoke(fleet.token);
  await fleet.commit(FIRST);
  await replica.says('a status cannot be written');
  fleet.git.auth = { username: 'x-access-token', password: 'another' };
  await replica.says('the repository cannot be used', { code: 'UNAUTHENTICATED' });
}

function secret(name: string, fields: JsonObject): string {
  const metadata = { name, namespace: 'planted', annotations: { 'example.com/note': 'canary-note' } };
  return printJson({ apiVersion: 'v1', kind: 'Secret', metadata, ...fields });
}

/** Planted values that stand in a text: as they are, in Base64, or in Base64 within Base64, wherever it begins. */
function leaks(text: string, planted: readonly string[]): readonly string[] {
  const once = decodeWords(text);
  const all = [text, once, decodeWords(once)].join('\n').toLowerCase();
  return [CANARY, ...planted].filter((each) => all.includes(each.toLowerCase()));
}

function decodeWords(text: string): string {
  const words = text.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [];
  return words.flatMap((word) => [0, 1, 2, 3].map((at) => Buffer.from(word.slice(at), 'base64').toString('latin1'))).join('\n');
}

/** Lines of a PEM in a kubeconfig. */
function lines(kubeconfig: string, field: string): readonly string[] {
  const encoded = new RegExp(`${field}: >?-?\\s*([A-Za-z0-9+/=\\s]+)`).exec(kubeconfig)?.[1] ?? '';
  const pem = Buffer.from(encoded.replaceAll(/\s/g, ''), 'base64').toString();
  const found = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  assert.ok(found.length > 1, 'a key has lines');
  return found;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return Promise.all(files.map(async (path) => `${path}\n${await readFile(path, 'latin1')}`));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
