/** Command lines that cannot be understood, and those that only ask: what is said, where, and the exit code. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import manifest from '../../package.json' with { type: 'json' };
import { printHelps } from '../../scripts/golden.ts';
import { runCommand } from '../support/command-line.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EXAMPLE = join(ROOT, 'examples', 'fleet-repo');

describe('muster --help', () => {
  it('and the help of every verb are as they were last looked at', async () => {
    const golden = readFileSync(join(ROOT, 'test', 'golden', 'help.txt'), 'utf8');

    assert.equal(await printHelps(), golden, 'Look at the difference, and run "npm run golden".');
  });

  it('says the same by each of its names', async () => {
    const [first, ...others] = await Promise.all([['--help'], ['-h'], ['help']].map((words) => runCommand(words)));

    assert.equal(first?.code, 0);
    assert.equal(first.err, '');
    for (const other of others) assert.deepEqual(other, first);
  });

  it('is printed for a verb by "VERB --help", "VERB -h" and "help VERB", whatever else is said', async () => {
    const { out } = await runCommand(['check', '--help']);

    assert.match(out, /^Usage: muster check \[DIR\] \[OPTIONS\]\n/);
    for (const words of [
      ['check', '-h'],
      ['help', 'check'],
      ['check', '/does/not/exist', '-h'],
    ]) {
      assert.deepEqual(await runCommand(words), { code: 0, out, err: '' });
    }
  });
});

describe('muster --version', () => {
  it('is that of the package', async () => {
    for (const words of [['--version'], ['version']]) {
      assert.deepEqual(await runCommand(words), { code: 0, out: `muster ${manifest.version}\n`, err: '' });
    }
  });
});

describe('A command line that cannot be understood', () => {
  it('that is empty gets the overview as an error: a pipe gets nothing', async () => {
    const { code, out, err } = await runCommand([]);

    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^Muster keeps a fleet .*\n\nUsage: muster VERB/);
  });

  const wrong: readonly (readonly [command: string, message: string])[] = [
    // Verbs
    ['chekc', 'there is no verb "chekc". Did you mean "check"?'],
    ['aply', 'there is no verb "aply". See "muster --help".'],
    ['Render', 'there is no verb "Render". Did you mean "render"?'],
    ['help chekc', 'there is no verb "chekc". Did you mean "check"?'],
    ['--verbose', 'there is no verb "--verbose". See "muster --help".'],
    // Flags
    ['check --outptu json', 'check: there is no flag "--outptu". Did you mean "--output"? See "muster check --help".'],
    ['check --no-headers', 'check: there is no flag "--no-headers". See "muster check --help".'],
    ['check -x', 'check: there is no flag "-x". See "muster check --help".'],
    [
      'render --clusters eu',
      'render: there is no flag "--clusters". Did you mean "--cluster"? See "muster render --help".',
    ],
    ['render -C', 'render: the flag "-C" needs a value: -C GLOB. See "muster render --help".'],
    ['render --app --cluster eu', 'render: the flag "--app" needs a value: --app APP. See "muster render --help".'],
    ['place --no-headers=1', 'place: the flag "--no-headers" takes no value. See "muster place --help".'],
    // Operands
    ['check a b', 'check takes [DIR], and here are 2. See "muster check --help".'],
    ['run fleet', 'run takes no operands, and here are 1. See "muster run --help".'],
    // Values
    ['check -o jsn', 'check has no output format "jsn". Did you mean "json"?'],
    ['place -o yaml', 'place has no output format "yaml". It has: table, json.'],
    ['sync --timeout 5', '--timeout: "5" is no time. Write a number with a unit, such as 30s, 5m or 1h.'],
    ['sync --timeout -5s', 'sync: the flag "--timeout" needs a value: --timeout TIME. See "muster sync --help".'],
    ['run --poll often', '--poll: "often" is no time. Write a number with a unit, such as 30s, 5m or 1h.'],
    ['run --poll 0s', '--poll: "0s" is too short. Write at least 10ms.'],
    ['sync --timeout 9999h', '--timeout: "9999h" is too long. Write at most 500h.'],
    ['sync --render-memory 0', '--render-memory: "0" is no whole number from 1.'],
    ['status --render-memory 1GiB', '--render-memory: "1GiB" is no whole number from 1.'],
    ['run --repo . --log-format xml', '--log-format: "xml" is neither json nor text.'],
    [
      'run --repo https://git.example.com/acme/fleet --forge gitlab',
      '--forge: "gitlab" is no forge. There are: github, console.',
    ],
    [`run --repo ${EXAMPLE} --listen nowhere`, '--listen: "nowhere" is no address. Write HOST:PORT, or "off".'],
    ['run', 'there is no repository. Name it with --repo or MUSTER_REPO.'],
    ['diff', 'diff needs --base REV: what to compare with, such as origin/main.'],
    [`sync . --repo ${EXAMPLE}`, 'sync takes a folder or --repo, not both.'],
    [`status . --repo ${EXAMPLE}`, 'status takes a folder or --repo, not both.'],
    [`render ${EXAMPLE} -o dir`, '-o dir needs --out DIR.'],
    // Names
    [`render ${EXAMPLE} -C eux`, '--cluster "eux": no cluster is called so. Did you mean "eu"?'],
    [`render ${EXAMPLE} -C europe`, '--cluster "europe": no cluster is called so. There are: ap, eu, us.'],
    [`place ${EXAMPLE} -C eu -C x*`, '--cluster "x*": no cluster is called so. There are: ap, eu, us.'],
    [`place ${EXAMPLE} -a helo`, '--app "helo": no app is called so. Did you mean "hello"?'],
    // What is not there
    [
      'check /does/not/exist',
      'read /does/not/exist: NOT_FOUND: /does/not/exist cannot be read (ENOENT). It does not exist. Create it, or correct the path.',
    ],
    [
      `check ${EXAMPLE} --revision nope`,
      'read "nope": NOT_FOUND: the repository has no revision "nope". Name a branch, a tag or a commit.',
    ],
    [
      `diff ${EXAMPLE} --base nope`,
      'read "nope": NOT_FOUND: the repository has no revision "nope". Name a branch, a tag or a commit.',
    ],
    [
      'status /',
      'open /: NOT_FOUND: the folder is in no Git repository. Make one with "git init" and commit, or name another folder',
    ],
    // Approvals
    ['approve', 'approve needs the digest that the status names, such as sha256:0123456789abcdef0123456789abcdef.'],
    [
      'approve 4f1c',
      'approve needs the digest that the status names, such as sha256:0123456789abcdef0123456789abcdef.',
    ],
    [
      `approve sha256:${'0'.repeat(32)} /does/not/exist`,
      'read /does/not/exist/fleet.yaml: NOT_FOUND: /does/not/exist/fleet.yaml cannot be read (ENOENT). It does not exist. Create it, or correct the path.',
    ],
  ];
  for (const [command, message] of wrong) {
    it(`ends with 2 and nothing on standard output: ${command.replace(EXAMPLE, 'EXAMPLE')}`, async () => {
      const { code, out, err } = await runCommand(command.split(' '));

      assert.deepEqual([code, out], [2, '']);
      // The controller may have logged something before.
      assert.equal(err.split('\n').slice(-2).join('\n'), `muster: ${message}\n`);
    });
  }
});
