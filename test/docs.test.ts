/** Documentation that cannot rot: what it lists is compared with what the code has, and what it shows is run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { printSettings } from '../scripts/settings-doc.ts';
import { hasErrors } from '../src/cli/diagnostics.ts';
import { loadFleet } from '../src/cli/load-fleet.ts';
import { VERBS } from '../src/cli/verbs.ts';
import { readSettings } from '../src/settings.ts';
import { DIAGNOSTIC_CODES } from '../src/model/diagnostic.ts';
import { PORT_CODES } from '../src/model/errors.ts';
import {
  type Block,
  codeBlocks,
  copyExample,
  fleetFiles,
  needsPrograms,
  PAGES,
  writeFleet,
} from './support/docs-pages.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test('docs/errors.md has a section for every code, and none for a code that is gone', () => {
  const sections = [...read('docs/errors.md').matchAll(/^### ([A-Z_]+)$/gm)].map((match) => String(match[1]));
  assert.deepEqual(sections.toSorted(), [...Object.keys(DIAGNOSTIC_CODES), ...Object.keys(PORT_CODES)].toSorted());
});

test('docs/settings.md is what the table of settings says', () => {
  assert.equal(read('docs/settings.md'), printSettings(), 'Run "node scripts/settings-doc.ts".');
});

test('the README lists every verb with its own summary', () => {
  for (const verb of VERBS) assert.match(read('README.md'), new RegExp(`^\\| \`${verb.name}\` \\|`, 'm'));
});

test('every link between pages leads somewhere', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (target.includes('://')) continue;
      assert.ok(existsSync(join(ROOT, dirname(page), target)), `${page} links to ${target}, which does not exist.`);
    }
  }
});

for (const page of PAGES) {
  const blocks = codeBlocks(read(page));
  const files = fleetFiles(page);
  const commands = blocks.filter((block) => block.language.startsWith('sh')).flatMap(musterCommands);

  test(`${page}: every block of YAML says which file it is`, () => {
    for (const block of blocks.filter((each) => each.language === 'yaml')) {
      assert.ok(
        block.text.startsWith('# file: '),
        `${page}: a block of YAML begins with "# file: PATH": ${block.text.slice(0, 60)}`,
      );
    }
  });

  // The others need programs that take minutes to obtain: test/expand/pages.test.ts.
  if (files.length > 0 && !needsPrograms(files)) {
    test(`${page}: the files that it shows are a fleet without errors`, async () => {
      await using folder = await temporaryFolder();
      await writeFleet(folder.path, files, () => assertFleet(folder.path));
      await assertFleet(folder.path);
    });
  }

  if (commands.length > 0) {
    test(`${page}: the commands that it shows are understood, and those that need no cluster succeed`, async () => {
      await using folder = await temporaryFolder();
      copyExample(folder.path);
      git(folder.path, 'init', '--quiet');
      git(folder.path, 'add', '--all');
      git(
        folder.path,
        '-c',
        'user.name=Test',
        '-c',
        'user.email=test@example.com',
        'commit',
        '--quiet',
        '--message=example',
      );
      for (const { command, needsCluster } of commands) {
        const words = command.split(' ').slice(1);
        const { status, stderr } = muster(folder.path, needsCluster ? [...words, '--help'] : words);
        assert.equal(status, 0, `${page}: ${command}: ${stderr}`);
      }
    });
  }
}

function musterCommands({
  language,
  text,
}: Block): readonly { readonly command: string; readonly needsCluster: boolean }[] {
  const lines = text.split('\n').filter((line) => line.startsWith('muster '));
  return lines.map((command) => ({ command, needsCluster: language.includes('cluster') }));
}

async function assertFleet(folder: string): Promise<void> {
  const result = await loadFleet(folder, undefined, readSettings({}, {}));
  const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
  assert.ok(!hasErrors(diagnostics), JSON.stringify(diagnostics, undefined, 2));
}

function muster(cwd: string, args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'bin', 'muster.js'), ...args], { cwd, encoding: 'utf8' });
}

function git(cwd: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
