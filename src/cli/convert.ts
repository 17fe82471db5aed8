import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { App } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { isManifestFile } from '../read-file.ts';
import { readFleet } from '../reconcile.ts';
import { UsageError } from '../settings.ts';
import { diskCode, onDisk } from '../source/git/disk-error.ts';
import { type NativeFile, printNative } from '../source/federations/print-native.ts';
import { printYamlDocuments } from '../yaml/print.ts';
import { hasErrors, printDiagnostics } from './diagnostics.ts';
import { loadSnapshot } from './load-fleet.ts';
import type { Verb } from './verb.ts';

export const convertVerb: Verb = {
  name: 'convert',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'print files of Karmada and KubeFed as files of Muster',
  description:
    'Prints placements, overlays and manifests that say the same as the files of other federations in policies/ and in the\nfolders of apps. With them in the place of those, every cluster has the same digest. Nothing has to be converted: those\nfiles are taken as they are.',
  options: ['revision', 'app', 'output', 'out', 'help'],
  formats: ['yaml', 'dir'],
  exits: { 0: 'everything was converted', 1: 'the repository has errors', 2: 'it could not be read' },
  examples: [
    ['muster convert', 'look at it first'],
    ['muster convert -o dir --out .', 'write the files; which ones to remove then is printed'],
  ],
  run: async ({ operands, settings, format, io }) => {
    const snapshot = await loadSnapshot(operands[0] ?? '.', settings.text('revision'));
    const parsed = readFleet(snapshot);
    const diagnostics = parsed.state === 'parsed' ? parsed.config.diagnostics : parsed.diagnostics;
    io.err(printDiagnostics(diagnostics));
    const wanted = settings.list('app');
    const apps = parsed.state === 'parsed' ? parsed.config.apps : [];
    const selected = apps.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    const files = convertApps(selected, snapshot);
    if (format === 'yaml')
      for (const file of files) io.out(`# file: ${file.path}\n${printYamlDocuments(file.documents)}`);
    else await writeFiles(files, settings.text('out'), io.err);
    for (const path of files.length === 0 ? [] : replacedFiles(selected, snapshot)) io.err(`to be removed: ${path}\n`);
    return hasErrors(diagnostics) ? 1 : 0;
  },
};

/** Files of our own that say the same, none of which is in the snapshot already. */
export function convertApps(apps: readonly App[], { files }: Snapshot): readonly NativeFile[] {
  const taken = new Set(files.map(({ path }) => path));
  return apps.flatMap((app) => printNative(app, taken));
}

/** Every file of other federations: those in `policies/`, and those in the folders of these apps. */
function replacedFiles(apps: readonly App[], { files }: Snapshot): readonly string[] {
  const policies = files.map(({ path }) => path).filter((path) => path.startsWith('policies/') && isManifestFile(path));
  const parts = apps.flatMap(({ base, placements, overlays }) => [
    ...base.map(({ from, source }) => ({ from, origin: source })),
    ...placements,
    ...overlays,
  ]);
  const inApps = parts.filter(({ from }) => from !== undefined).map(({ origin }) => origin.file);
  return [...new Set([...policies, ...inApps])].sort();
}

async function writeFiles(
  files: readonly NativeFile[],
  root: string | undefined,
  say: (text: string) => void,
): Promise<void> {
  if (root === undefined) throw new UsageError('-o dir needs --out DIR.');
  for (const { path, documents } of files) {
    const target = join(root, path);
    await onDisk('write', dirname(target), mkdir(dirname(target), { recursive: true }));
    // Whatever is there is not ours to overwrite.
    const writing = writeFile(target, printYamlDocuments(documents), { flag: 'wx' }).catch((error: unknown) => {
      if (diskCode(error) !== 'EEXIST') throw error;
      throw new UsageError(`${target} is there already. Remove it, or name another folder with --out.`);
    });
    await onDisk('write', target, writing);
    say(`${target}\n`);
  }
}
