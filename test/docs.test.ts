/** Documentation that cannot rot: what it lists is compared with what the code has, and what it shows is run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { printSettings } from '../scripts/settings-doc.ts';
import { hasErrors } from '../src/cli/diagnostics.ts';
import { loadFleet } from '../src/cli/load-fleet.ts';
import { VERBS } from '../src/cli/verbs.ts';
import { DIAGNOSTIC_CODES } from '../src/model/diagnostic.ts';
import { PORT_CODES } from '../src/model/errors.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...markdownIn('docs'), ...markdownIn('docs/adr')];
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
  const files = blocks.filter((block) => block.language === 'yaml' && block.text.startsWith('# file: '));
  const commands = blocks.filter((block) => block.language.startsWith('sh')).flatMap(musterCommands);

  test(`${page}: every block of YAML says which file it is`, () => {
    for (const block of blocks.filter((each) => each.language === 'yaml')) {
      assert.ok(
        block.text.startsWith('# file: '),
        `${page}: a block of YAML begins with "# file: PATH": ${block.text.slice(0, 60)}`,
      );
    }
  });

  if (files.length > 0) {
    test(`${page}: the files that it shows are a fleet without errors`, async () => {
      await using folder = await temporaryFolder();
      if (files.some((block) => block.text.includes('# example:'))) copyExample(folder.path);
      const shown = new Set<string>();
      for (const { text } of files) {
        const path = pathOf(text);
        // A page may show a file in several states: each is a fleet without errors.
        if (shown.has(path)) await assertFleet(folder.path);
        shown.add(path);
        writeBlock(folder.path, text);
      }
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

interface Block {
  readonly language: string;
  readonly text: string;
}

function codeBlocks(text: string): readonly Block[] {
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }));
}

function musterCommands({
  language,
  text,
}: Block): readonly { readonly command: string; readonly needsCluster: boolean }[] {
  const lines = text.split('\n').filter((line) => line.startsWith('muster '));
  return lines.map((command) => ({ command, needsCluster: language.includes('cluster') }));
}

async function assertFleet(folder: string): Promise<void> {
  const result = await loadFleet(folder, undefined);
  const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
  assert.ok(!hasErrors(diagnostics), JSON.stringify(diagnostics, undefined, 2));
}

function pathOf(text: string): string {
  return /^# file: (\S+)/.exec(text)?.[1] ?? '';
}

function writeBlock(folder: string, text: string): void {
  const path = join(folder, pathOf(text));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function copyExample(folder: string): void {
  cpSync(join(ROOT, 'examples', 'fleet-repo'), folder, { recursive: true });
}

function muster(cwd: string, args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'bin', 'muster.js'), ...args], { cwd, encoding: 'utf8' });
}

function git(cwd: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}
