/** Fleets whose bases are rendered by real programs, as `muster check` does it. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProvidedProgram, provideProgram } from '../../scripts/programs.ts';
import type { RenderedFleet } from '../../src/model/render.ts';
import type { ExpansionAnswers } from '../../src/model/expansion.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import {
  createRenderCache,
  listExpansions,
  renderFleet,
  type RenderResult,
  type TracedFleet,
  traceFleet,
} from '../../src/reconcile.ts';
import { type ExpandSettings, runExpansions } from '../../src/sandbox/run-expansions.ts';
import { print, snapshotOf, type TestFiles } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const kustomize: ProvidedProgram = await provideProgram('kustomize', console.error);
export const helm: ProvidedProgram = await provideProgram('helm', console.error);

/** The PATH that tests give, where nothing else is said: both programs, and nothing else. */
export const BOTH = `${kustomize.directory}:${helm.directory}`;

/** How tests run programs: each with a cache of its own, unless one is given. */
export type Settings = Partial<ExpandSettings>;

/** Renders a fleet with its programs. */
export async function renderWith(files: TestFiles, settings: Settings = {}): Promise<RenderResult> {
  const snapshot = snapshotOf(files);
  return renderFleet(snapshot, createRenderCache(), await answersOf(snapshot, settings));
}

/** The same, and the layers of its objects. */
export async function traceWith(files: TestFiles): Promise<TracedFleet> {
  const snapshot = snapshotOf(files);
  return traceFleet(snapshot, createRenderCache(), await answersOf(snapshot, {}));
}

async function answersOf(snapshot: Snapshot, settings: Settings): Promise<ExpansionAnswers> {
  await using folder = await temporaryFolder();
  const all = { path: BOTH, cacheFolder: folder.path, timeoutMs: 60_000, memoryMiB: 1024, ...settings };
  return await runExpansions(listExpansions(snapshot), all, new AbortController().signal);
}

/** The same of a fleet that can be used. */
export async function renderedWith(files: TestFiles, settings: Settings = {}): Promise<RenderedFleet> {
  const result = await renderWith(files, settings);
  assert.equal(result.state, 'rendered', result.state === 'rendered' ? '' : print(result.diagnostics).join('\n'));
  return result.fleet;
}

/** What `muster check` prints, line by line. */
export async function checkWith(files: TestFiles, settings: Settings = {}): Promise<readonly string[]> {
  const result = await renderWith(files, settings);
  return print(result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics);
}

/** A fleet file that pins the versions that tests run with. */
export const PINNED_FLEET = `apiVersion: muster.dev/v1alpha1
kind: Fleet
metadata: {name: test}
spec:
  tools: {kustomize: ${kustomize.version}, helm: ${helm.version}}
`;

/**
 * A folder for a PATH with a program that writes a line into `log` at each start and then becomes the real one. Starts are
 * counted where they happen; nothing inside of Muster is asked.
 */
export function countingProgram(
  folder: string,
  name: string,
  real: string,
): { readonly path: string; readonly log: string } {
  const path = join(folder, 'bin');
  const log = join(folder, 'starts');
  mkdirSync(path, { recursive: true });
  writeFileSync(log, '');
  writeFileSync(join(path, name), `#!/bin/sh\necho "$*" >>${log}\nexec ${real} "$@"\n`, { mode: 0o755 });
  return { path, log };
}

/** A folder for a PATH that holds links to programs under other names. */
export function linkedPrograms(folder: string, programs: Readonly<Record<string, string>>): string {
  const path = join(folder, 'linked');
  mkdirSync(path, { recursive: true });
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, join(path, name));
  return path;
}

/** A folder for a PATH that holds a shell script under some name. */
export function scriptProgram(folder: string, name: string, script: string): string {
  const path = join(folder, 'scripts');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
