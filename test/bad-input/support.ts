/** Cases of bad input: a small fleet with some files changed, and every line that `muster check` says about it. */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { type CommandOutput, runCommand } from '../support/command-line.ts';
import { fleetWith, type TestFiles } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Files that replace or join those of the small fleet (`undefined` takes one out), and the lines that follow. */
export interface BadInput {
  readonly files: TestFiles;
  /** All of them, in their order. Warnings begin with `warning: `. None: the input is fine. */
  readonly says: readonly string[];
}

/** One test for each case, by its name: the lines, and exit code 1 exactly where one of them is an error. */
export function describeBadInput(group: string, cases: Readonly<Record<string, BadInput>>): void {
  describe(group, () => {
    for (const [name, { files, says }] of Object.entries(cases)) {
      it(name, async () => {
        const { code, out } = await checkFiles(files);

        assert.deepEqual(linesOf(out), says);
        assert.equal(code, says.every((line) => line.startsWith('warning: ')) ? 0 : 1);
      });
    }
  });
}

/** `muster check` on the small fleet with these changes. */
export async function checkFiles(changes: TestFiles): Promise<CommandOutput> {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, fleetWith(changes));
  return await runCommand(['check', folder.path]); // The folder must outlive it.
}

/** Writes files below a folder. Of what is no file only links can be written. */
export async function writeFiles(folder: string, files: TestFiles): Promise<void> {
  for (const [path, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof file === 'string' || file instanceof Uint8Array) await writeFile(target, file);
    else if (file.kind === 'symlink') await symlink(file.detail, target);
    else assert.fail(`${path}: a folder cannot hold this in a test: ${file.kind}`);
  }
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

/** A ConfigMap in namespace `web` with more lines below it. */
export function configMap(name: string, rest = ''): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: web}\n${rest}`;
}
