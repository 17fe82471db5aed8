import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { inventoryName } from '../../src/object/applyset.ts';
import { listAt, mapAt, printJson, textAt } from '../../src/object/json.ts';
import type { ApiClient } from '../support/api-client.ts';
import { type AuditEntry, isWriteOfMuster } from '../support/audit-log.ts';
import { createAuthority } from '../support/certificates.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { readKubeconfig } from '../support/kubeconfig.ts';
import {
  addServiceAccount,
  appFiles,
  type ClusterName,
  configMap,
  isRefused,
  NAMESPACE,
  printKubeconfig,
  readInstall,
  startWorld,
  tokenKubeconfig,
  tokenOf,
  USER,
  type World,
} from './support/world.ts';

const resources = new AsyncDisposableStack();
let world: World;

before(async () => {
  world = resources.use(await startWorld());
});
after(() => resources.disposeAsync());

describe('credentials of a cluster that cannot be used', () => {
  /** What stands in the Secret (`undefined`: there is none), and what the status of that cluster alone says. */
  const BAD: readonly (readonly [
    name: string,
    secret: (world: World, folder: string) => Promise<string | undefined> | string | undefined,
    status: RegExp,
  ])[] = [
    [
      'missing',
      () => undefined,
      /^Secret muster-system\/refused-missing: it does not exist in the hub\. Create it with a key "kubeconfig"$/,
    ],
    ['no-yaml', () => 'a: b: c', /^Secret muster-system\/refused-no-yaml: it is no kubeconfig\. Use a kubeconfig with /],
    [
      'exec',
      ({ planes }, folder) =>
        withUser(planes.us, {
          exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/usr/bin/touch', args: [join(folder, 'ran')] },
        }),
      /^Secret muster-system\/refused-exec: its field "exec" would run a program\. Use a kubeconfig with /,
    ],
    [
      'token-file',
      ({ planes }) => withUser(planes.us, { tokenFile: '/etc/muster/git/token' }),
      /: its field "tokenFile" would read a file of the controller\. /,
    ],
    [
      'unverified',
      async ({ planes, api }) =>
        printKubeconfig({ server: planes.us.url, 'insecure-skip-tls-verify': true }, { token: await tokenOf(api.us) }),
      /: its field "insecure-skip-tls-verify" would believe any server\. /,
    ],
    [
      'expired',
      ({ planes }) => planes.us.kubeconfigFor('muster', ['system:masters'], { expired: true }),
      /^cluster expired: the API server does not accept the credentials: the client certificate expired at 20\S+Z\. Renew them$/,
    ],
    [
      'of-another-ca',
      ({ planes }) => {
        const { user } = readKubeconfig(planes.eu.kubeconfig);
        return withUser(planes.us, {
          'client-certificate-data': Buffer.from(user.certificate).toString('base64'),
          'client-key-data': Buffer.from(user.key).toString('base64'),
        });
      },
      /^cluster of-another-ca: the API server does not accept the credentials: they are wrong, revoked or expired\. Renew them$/,
    ],
    [
      'foreign-token',
      async ({ planes, api }) => tokenKubeconfig(planes.us, await tokenOf(api.eu)),
      /^cluster foreign-token: the API server does not accept the credentials: they are wrong, revoked or expired\. Renew them$/,
    ],
    [
      'other-server',
      async ({ planes, api }) => {
        const ca = Buffer.from(createAuthority('somebody').certificate).toString('base64');
        const cluster = { server: planes.us.url, 'certificate-authority-data': ca };
        return printKubeconfig(cluster, { token: await tokenOf(api.us) });
      },
      /^https:\/\/127\.0\.0\.1:\d+: its certificate is signed by (?:a CA that the credentials do not name|another CA than the credentials name)\. Check certificate-authority-data$/,
    ],
    [
      'without-rights',
      ({ planes }) => planes.us.kubeconfigFor('somebody', []),
      /^Namespace kube-system on cluster without-rights: namespaces "kube-system" is forbidden: User "somebody" cannot get /,
    ],
  ];

  it('are said on its own status, nothing is done there, and the others go on', async () => {
    const secretRef = (name: string): JsonObject => ({ connection: { secretRef: { name: `refused-${name}` } } });
    const clusters = Object.fromEntries(['eu', ...BAD.map(([name]) => name)].map((name) => [name, secretRef(name)]));
    await using fleet = await world.fleet('refused', { clusters });
    for (const [name, secret] of BAD) await fleet.setSecret(name, await secret(world, fleet.folder));
    const requests = await world.requestsDuring('us', async () => {
      await using replica = await fleet.run();
      await fleet.reports('muster/eu', 'success', /^in sync: 1 object of 1 app$/);
      for (const [name, , status] of BAD) await fleet.reports(`muster/${name}`, 'error', status);
      await fleet.reports('muster/fleet', 'error', /^1\/11 clusters in sync · not reached: /);
      await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'to those that can be reached' })));
      await fleet.reports('muster/eu', 'success');
      assert.equal(replica.isRunning(), true);
    });
    assert.deepEqual(await greeting(world.api.eu, fleet.name), 'to those that can be reached');
    assert.equal(await greeting(world.api.us, fleet.name), undefined);
    const ours = requests.filter((each) => each.agent.startsWith('muster/'));
    assert.ok(ours.length > 0, 'it tried');
    assert.deepEqual(
      ours.filter((each) => each.code < 400),
      [],
    );
    assert.equal(existsSync(join(fleet.folder, 'ran')), false, 'the program of "exec" did not run');
  });

  it('are used as soon as they are there: the Secret that was missing, under either of its names', async () => {
    await using fleet = await world.fleet('late');
    await fleet.setSecret('eu', undefined);
    await fleet.setSecret('us', 'nonsense');
    await using replica = await fleet.run();
    await fleet.reports('muster/eu', 'error', /it does not exist in the hub/);
    await fleet.reports('muster/us', 'error', /it is no kubeconfig/);
    assert.match((await replica.get('/readyz')).text, /^no cluster was read yet$/m);
    await fleet.setSecret('eu', tokenKubeconfig(world.planes.eu, await tokenOf(world.api.eu)), 'value');
    await fleet.setSecret('us', tokenKubeconfig(world.planes.us, await tokenOf(world.api.us)));
    await fleet.inSync();
    await replica.says('the cluster can be used again', { cluster: 'eu' });
    await eventually(async () => assert.equal((await replica.get('/readyz')).status, 200));
  });
});

describe('a kubeconfig that leads to another cluster', () => {
  it('is refused while Muster runs, and so is one that is gone; the others go on, and so do these when it is put right', async () => {
    await using fleet = await world.fleet('swapped', threeClusters('swapped'));
    await world.api.hub.apply(namespace(fleet.name));
    await addServiceAccount(world.api.hub, 'apps');
    const right = await kubeconfigs(world);
    await fleet.setSecret('hub', right.hub);
    await using replica = await fleet.run({ args: ['--resync=1s'] });
    await fleet.inSync();

    await fleet.setSecret('eu', right.us);
    await fleet.setSecret('hub', undefined);
    const us = await uidOf(world.api.us);
    await fleet.reports('muster/eu', 'error', new RegExp(`^cluster eu: its credentials lead to another cluster now\\. Correct them, or write ${us} as `));
    await fleet.reports('muster/hub', 'error', /^Secret muster-system\/swapped-hub: it does not exist in the hub\./);
    const writes = await writesDuring(async () => {
      await fleet.commit(contents('swapped', 'second'));
      await fleet.reports('muster/us', 'success');
      await fleet.reports('muster/eu', 'error', /leads? to another cluster now/);
      await fleet.reports('muster/hub', 'error', /does not exist/);
    });
    assert.deepEqual(writes.eu, []);
    assert.deepEqual(writes.hub, []);
    assert.deepEqual(await own(world.api.us, fleet.name), { us: 'second' });
    assert.deepEqual(await own(world.api.eu, fleet.name), { eu: 'first' });

    await fleet.setSecret('eu', right.eu);
    await fleet.setSecret('hub', right.hub);
    await fleet.inSync();
    assert.deepEqual(await own(world.api.eu, fleet.name), { eu: 'second' });
    assert.deepEqual(await own(world.api.hub, fleet.name), { hub: 'second' });
    assert.equal(replica.isRunning(), true);
  });

  it('is refused by who starts anew: what was applied there says whose it is', async () => {
    await using fleet = await world.fleet('exchanged', threeClusters('exchanged'));
    await world.api.hub.apply(namespace(fleet.name));
    await addServiceAccount(world.api.hub, 'apps');
    const right = await kubeconfigs(world);
    await fleet.setSecret('hub', right.hub);
    {
      await using replica = await fleet.run();
      await fleet.inSync();
      replica.kill('SIGTERM');
      assert.deepEqual(await replica.ended, { code: 0, signal: null });
    }
    await fleet.setSecret('eu', right.us);
    await fleet.setSecret('us', right.eu);
    const writes = await writesDuring(async () => {
      await fleet.commit(contents('exchanged', 'second'));
      await using _replica = await fleet.run();
      await fleet.reports('muster/hub', 'success');
      await fleet.reports('muster/eu', 'error', /: the connection of "eu" leads to the API server of "us": nothing is done/);
      await fleet.reports('muster/us', 'error', /: the connection of "us" leads to the API server of "eu": nothing is done/);
    });
    assert.deepEqual([writes.eu, writes.us], [[], []]);
    assert.deepEqual(await own(world.api.hub, fleet.name), { hub: 'second' });
    assert.deepEqual(await own(world.api.eu, fleet.name), { eu: 'first' });
    assert.deepEqual(await own(world.api.us, fleet.name), { us: 'first' });
  });

  it('is refused from the first look on where the file of the cluster names its UID', async () => {
    const [eu, us] = await Promise.all([uidOf(world.api.eu), uidOf(world.api.us)]);
    const clusters = {
      eu: { uid: eu, connection: { secretRef: { name: 'pinned-eu' } } },
      us: { uid: us, connection: { secretRef: { name: 'pinned-us' } } },
    };
    await using fleet = await world.fleet('pinned', { clusters });
    const right = await kubeconfigs(world);
    await fleet.setSecret('eu', right.us);
    const writes = await writesDuring(async () => {
      await using _replica = await fleet.run();
      await fleet.reports('muster/us', 'success');
      const says = new RegExp(`: this is another cluster: kube-system has UID ${us}, and spec.uid says`);
      await fleet.reports('muster/eu', 'error', says);
    });
    assert.deepEqual(writes.eu, []);
    assert.equal(await greeting(world.api.us, fleet.name), 'hello');
  });

  it('that two clusters share is that of one of them, and the other says so', async () => {
    await using fleet = await world.fleet('shared', { files: contents('shared', 'first', ['eu', 'us']) });
    await fleet.setSecret('eu', (await kubeconfigs(world)).us);
    await using _replica = await fleet.run();
    const [loser, winner] = await eventually(() => {
      const lost = (['eu', 'us'] as const).filter((each) => fleet.status(`muster/${each}`)?.state === 'error');
      assert.equal(lost.length, 1);
      return lost[0] === 'eu' ? (['eu', 'us'] as const) : (['us', 'eu'] as const);
    });
    const says = new RegExp(`: the connection of "${loser}" leads to the API server of "${winner}": nothing is done as`);
    await fleet.reports(`muster/${loser}`, 'error', says);
    await fleet.reports(`muster/${winner}`, 'success');
    assert.deepEqual(await own(world.api.us, fleet.name), { [winner]: 'first' });
    assert.deepEqual(await own(world.api.eu, fleet.name), {});
  });
});

describe('credentials that are replaced', () => {
  it('in the Secret of a member take the place of those that the member does not accept any more', async () => {
    await using fleet = await world.fleet('renewed');
    await addServiceAccount(world.api.eu, 'before');
    await addServiceAccount(world.api.eu, 'after');
    const token = await tokenOf(world.api.eu, 'before');
    await fleet.setSecret('eu', tokenKubeconfig(world.planes.eu, token));
    await using _replica = await fleet.run();
    await fleet.inSync();
    await fleet.setSecret('eu', tokenKubeconfig(world.planes.eu, await tokenOf(world.api.eu, 'after')));
    await world.api.eu.delete('v1', 'ServiceAccount', NAMESPACE, 'before');
    await isRefused(world.api.eu, token);
    const requests = await world.requestsDuring('eu', async () => {
      await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'with the new token' })));
      await fleet.inSync();
    });
    const writers = new Set(requests.filter((each) => isWriteOfMuster(each) && each.code < 400).map(({ user }) => user));
    assert.deepEqual([...writers], [`system:serviceaccount:${NAMESPACE}:after`]);
  });

  it('in the folder of the service account are read again: the token that the hub does not accept any more', async () => {
    await using fleet = await world.fleet('rotated');
    const old = await tokenOf(world.api.hub);
    await writeFile(join(fleet.serviceAccount, 'token'), old);
    await using replica = await fleet.run();
    await fleet.inSync();
    await world.api.hub.delete('v1', 'ServiceAccount', NAMESPACE, 'muster');
    const account = (await readInstall()).find((each) => each['kind'] === 'ServiceAccount');
    await world.api.hub.apply(account ?? {}, { manager: 'kubectl' });
    await writeFile(join(fleet.serviceAccount, 'token'), await tokenOf(world.api.hub));
    await isRefused(world.api.hub, old);
    const requests = await world.requestsDuring('hub', () => leaseIsRenewed(world));
    const answers = requests.filter(({ user, resource }) => user === USER && resource.endsWith('leases'));
    assert.ok(answers.some(({ verb, code }) => verb === 'update' && code === 200));
    assert.deepEqual(replica.log().filter(({ event }) => /lease (?:was lost|cannot)/.test(printJson(event ?? null))), []);
    await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'goes on' })));
    await fleet.inSync();
  });

  it('in the folder of the service account are read again: the certificate of an authority', async () => {
    await using fleet = await world.fleet('authority');
    await writeFile(join(fleet.serviceAccount, 'ca.crt'), createAuthority('somebody').certificate);
    await using replica = await fleet.run();
    await replica.says('the lease cannot be used', { code: 'TLS' });
    assert.match((await replica.get('/readyz')).text, /^the lease was not read yet: its certificate is signed by /);
    await writeFile(join(fleet.serviceAccount, 'ca.crt'), world.planes.hub.ca);
    await replica.says('the lease can be used again');
    await fleet.inSync();
  });
});

describe('a repository that cannot be read any more', () => {
  const REFUSED: readonly (readonly [status: number, code: string, says: RegExp])[] = [
    [401, 'UNAUTHENTICATED', / answers 401: the credentials are not accepted\. Check that the token is /],
    [403, 'FORBIDDEN', / answers 403: the credentials are known, but may not read the repository\. Give the token read /],
    [404, 'NOT_FOUND', / answers 404: there is no such repository, or these credentials may not see it /],
  ];
  for (const [status, code, says] of REFUSED) {
    it(`with ${status} is said as that; the clusters stay as they are, and are healed`, async () => {
      await using fleet = await world.fleet(`answers-${status}`);
      await using replica = await fleet.run();
      await fleet.inSync();
      fleet.git.fault = { kind: 'status', status };
      await replica.says('the repository cannot be used', { code, reason: says });
      const told = await fleet.reports('muster/fleet', 'error');
      assert.match(told.description, new RegExp(says.source.slice(0, 16)));
      await fleet.reports('muster/eu', 'success');
      await editByHand(world.api.eu, fleet.name);
      await eventually(async () => assert.equal(await greeting(world.api.eu, fleet.name), 'hello'));
      fleet.git.fault = undefined;
      await replica.says('the repository can be read again');
      await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'back' })));
      await fleet.inSync();
      assert.equal(await greeting(world.api.us, fleet.name), 'back');
    });
  }

  it('because the Secret with its token is not there yet is said as that, and read as soon as it is', async () => {
    await using fleet = await world.fleet('no-token-yet');
    await rm(fleet.tokenFile);
    await using replica = await fleet.run();
    await replica.says('the repository cannot be used', {
      code: 'BAD_CREDENTIALS',
      reason: /git\/token: the file that --git-token-file names cannot be read \(ENOENT\)/,
    });
    assert.deepEqual(await replica.get('/readyz'), { status: 503, text: 'the repository was not read yet\n' });
    await writeFile(fleet.tokenFile, fleet.token);
    await fleet.inSync();
  });

  it('is read again, and its statuses written again, with the token that replaces the one that was revoked', async () => {
    await using fleet = await world.fleet('revoked');
    await using replica = await fleet.run();
    await fleet.inSync();
    const renewed = 'canary-renewed-token';
    fleet.forge.revoke(fleet.token);
    fleet.forge.grant(renewed, { statuses: 'write', issues: 'none' });
    fleet.git.auth = { username: 'x-access-token', password: renewed };
    await replica.says('the repository cannot be used', { code: 'UNAUTHENTICATED' });
    await replica.says('a status cannot be written', { reason: /token/ });
    await writeFile(fleet.tokenFile, `${renewed}\n`);
    await replica.says('the repository can be read again');
    await fleet.commit(appFiles('web', configMap(fleet.name, { greeting: 'with the new token' })));
    await fleet.inSync();
    await replica.says('statuses can be written again');
  });
});

describe('a rule that is taken out of deploy/role.yaml', () => {
  /** Which, and what the log says without it. */
  const RULES: readonly (readonly [what: string, index: number, event: string, reason: RegExp])[] = [
    [
      'to read Secrets',
      0,
      'the cluster cannot be used',
      /^in the hub: may not get Secrets in namespace muster-system\. Grant it as deploy\/role\.yaml does, to system:serviceaccount:muster-system:muster$/,
    ],
    [
      'to create the lease',
      1,
      'the lease cannot be used',
      /^may not create Leases in namespace muster-system\. Grant it as deploy\/role\.yaml does, to system:/,
    ],
    [
      'to read and renew the lease',
      2,
      'the lease cannot be used',
      /^may not get Leases in namespace muster-system\. Grant it as deploy\/role\.yaml does, to system:/,
    ],
  ];
  it('is one of these', async () => assert.equal(listAt(await role(), 'rules').length, RULES.length));

  for (const [what, index, event, reason] of RULES) {
    it(`and is the one ${what} is named by who needs it, and used as soon as it is there`, async () => {
      const whole = await role();
      await using fleet = await world.fleet(`rule-${index}`);
      await world.api.hub.apply(
        { ...whole, rules: listAt(whole, 'rules').toSpliced(index, 1) },
        { manager: 'kubectl', force: true },
      );
      try {
        await using replica = await fleet.run();
        await replica.says(event, { code: 'FORBIDDEN', reason });
        assert.notEqual((await replica.get('/readyz')).status, 200);
        assert.equal(await greeting(world.api.eu, fleet.name), undefined);
        await world.api.hub.apply(whole, { manager: 'kubectl', force: true });
        await fleet.inSync();
      } finally {
        await world.api.hub.apply(whole, { manager: 'kubectl', force: true });
      }
    });
  }
});

describe('in a member', () => {
  /** What docs/install.md asks for: Muster's own part, and that of an app which has ServiceAccounts. */
  const OWN: readonly Rule[] = [
    { resource: 'namespaces', verbs: ['get'], name: 'kube-system' },
    { resource: 'configmaps', verbs: ['list', 'watch', 'create', 'update', 'delete'], namespace: NAMESPACE },
    { resource: 'serviceaccounts', verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  ];

  it('exactly the rights that docs/install.md names are enough, and each is needed', async () => {
    const account = (name: string, note: string): string =>
      printJson({ ...OBJECT, metadata: { name, namespace: 'narrow', annotations: { 'example.com/note': note } } });
    const web = appFiles('web', [account('stays', 'a'), account('goes', 'a')].join('\n---\n'));
    const files = { ...web, ...appFiles('other', account('other', 'a')) };
    await using fleet = await world.fleet('narrow', { clusters: { eu: bySecret('narrow-eu') }, files });
    await grant(world.api.eu, 'narrow', OWN);
    // What is there before Muster is looked at before it is taken over: nothing else surely asks for one object.
    await world.api.eu.apply({ ...OBJECT, metadata: { name: 'stays', namespace: 'narrow' } });
    await fleet.setSecret('eu', tokenKubeconfig(world.planes.eu, await tokenOf(world.api.eu, 'narrow')));
    const requests = await world.requestsDuring('eu', async () => {
      await using _replica = await fleet.run();
      await fleet.inSync();
      await fleet.commit(appFiles('web', account('stays', 'b')));
      await fleet.inSync();
      await fleet.commit(Object.fromEntries(Object.keys(web).map((path) => [path, null])));
      await fleet.inSync();
    });
    const ours = requests.filter(({ user }) => user === `system:serviceaccount:${NAMESPACE}:narrow`);
    assert.deepEqual(
      ours.filter(({ code }) => code === 401 || code === 403),
      [],
    );
    // An apply that makes an object is authorized as both.
    const asked = ours.flatMap((each) => (each.code === 201 ? [each, { ...each, verb: 'create' }] : [each]));
    const used = OWN.map(({ resource, verbs, ...rule }) => ({
      resource,
      verbs: verbs.filter((verb) => asked.some((each) => each.resource === resource && each.verb === verb)),
      ...rule,
    }));
    assert.deepEqual(used, OWN);
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'install.md'), 'utf8');
    for (const { verbs } of OWN) assert.ok(page.includes(`| ${verbs.join(', ')} |`), `docs/install.md says ${verbs.join()}`);
    const left = await world.api.eu.list('v1', 'ServiceAccount', 'narrow');
    assert.deepEqual(
      left.map((each) => textAt(each, 'metadata', 'name')),
      ['other'],
    );
    assert.equal(await world.api.eu.get('v1', 'ConfigMap', NAMESPACE, inventoryName('narrow', 'web')), undefined);
  });
});

const OBJECT = { apiVersion: 'v1', kind: 'ServiceAccount' };

/** A rule of RBAC about one resource of the core group. */
interface Rule {
  readonly resource: string;
  readonly verbs: readonly string[];
  /** Default: any. */
  readonly name?: string;
  /** Default: all. */
  readonly namespace?: string;
}

/** A service account of `muster-system` that may do this alone. */
async function grant(api: ApiClient, name: string, rules: readonly Rule[]): Promise<void> {
  await api.apply({ ...OBJECT, metadata: { name, namespace: NAMESPACE } });
  for (const [index, { resource, verbs, name: resourceName, namespace }] of rules.entries()) {
    const cluster = namespace === undefined ? 'Cluster' : '';
    const metadata = { name: `${name}-${index}`, ...(namespace === undefined ? {} : { namespace }) };
    const named = resourceName === undefined ? {} : { resourceNames: [resourceName] };
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    const rule = { apiGroups: [''], resources: [resource], verbs, ...named };
    await api.apply({ apiVersion, kind: `${cluster}Role`, metadata, rules: [rule] });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: `${cluster}Role`, name: metadata.name };
    const subjects = [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }];
    await api.apply({ apiVersion, kind: `${cluster}RoleBinding`, metadata, roleRef, subjects });
  }
}

function bySecret(name: string): JsonObject {
  return { connection: { secretRef: { name } } };
}

async function role(): Promise<JsonObject> {
  return (await readInstall()).find((each) => each['kind'] === 'Role') ?? {};
}

/** A kubeconfig of a cluster with these fields of a user. */
function withUser(plane: ControlPlane, user: JsonObject): string {
  return tokenKubeconfig(plane, '', user);
}

/** Each of the three by a Secret, and an app on each that belongs there alone. */
function threeClusters(fleet: string): { clusters: Record<string, JsonObject>; files: Record<string, string> } {
  const names = ['eu', 'us', 'hub'];
  const clusters = names.map((each) => [each, { connection: { secretRef: { name: `${fleet}-${each}` } } }] as const);
  return { clusters: Object.fromEntries(clusters), files: contents(fleet, 'first', names) };
}

/** An app for each cluster, named as it: one ConfigMap, also named as it. */
function contents(fleet: string, greeting: string, names: readonly string[] = ['eu', 'us', 'hub']): Record<string, string> {
  const files = names.map((name) => appFiles(name, configMap(fleet, { greeting }, name), { names: [name] }));
  return Object.assign({}, ...files);
}

/** What of {@link contents} is on a cluster: greetings by name. */
async function own(api: ApiClient, fleet: string): Promise<Record<string, string>> {
  const objects = await api.list('v1', 'ConfigMap', fleet);
  const entries = objects.map((each) => [textAt(each, 'metadata', 'name'), textAt(each, 'data', 'greeting')] as const);
  return Object.fromEntries(entries.filter(([name]) => name !== 'kube-root-ca.crt'));
}

async function greeting(api: ApiClient, fleet: string): Promise<string | undefined> {
  return textAt(mapAt(await api.get('v1', 'ConfigMap', fleet, 'settings'), 'data'), 'greeting');
}

async function editByHand(api: ApiClient, fleet: string): Promise<void> {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: fleet, name: 'settings' };
  await api.patch(target, { data: { greeting: 'by hand' } }, { manager: 'kubectl-edit' });
}

/** Right ones, for service accounts that may do everything. */
async function kubeconfigs({ planes, api }: World): Promise<Record<ClusterName, string>> {
  return {
    hub: tokenKubeconfig(planes.hub, await tokenOf(api.hub, 'apps').catch(() => '')),
    eu: tokenKubeconfig(planes.eu, await tokenOf(api.eu)),
    us: tokenKubeconfig(planes.us, await tokenOf(api.us)),
  };
}

function namespace(name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

async function uidOf(api: ApiClient): Promise<string> {
  return textAt(await api.get('v1', 'Namespace', '', 'kube-system'), 'metadata', 'uid') ?? '';
}

/** Writes of Muster to each cluster; renewals of its lease left out. */
async function writesDuring(call: () => Promise<unknown>): Promise<Record<ClusterName, readonly AuditEntry[]>> {
  const found = { hub: [], eu: [], us: [] } as Record<ClusterName, readonly AuditEntry[]>;
  found.hub = await world.requestsDuring('hub', async () => {
    found.eu = await world.requestsDuring('eu', async () => {
      found.us = await world.requestsDuring('us', call);
    });
  });
  const written = (entries: readonly AuditEntry[]): readonly AuditEntry[] =>
    entries.filter((each) => isWriteOfMuster(each) && each.resource !== 'coordination.k8s.io/leases');
  return { hub: written(found.hub), eu: written(found.eu), us: written(found.us) };
}

async function leaseIsRenewed({ api }: World): Promise<void> {
  const renewed = async (): Promise<string | undefined> =>
    textAt(await api.hub.get('coordination.k8s.io/v1', 'Lease', NAMESPACE, 'muster'), 'spec', 'renewTime');
  const first = await renewed();
  await eventually(async () => assert.notEqual(await renewed(), first));
}
