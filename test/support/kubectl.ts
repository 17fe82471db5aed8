import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { JsonObject } from '../../src/model/json.ts';
import { at, mapAt } from '../../src/object/json.ts';

/** `false` where there is a kubectl with kustomize, else the reason to skip, as `node:test` takes it. */
export const noKubectl: string | false =
  spawnSync('kubectl', ['kustomize', '--help']).status === 0 ? false : 'there is no kubectl on this machine';

export interface PatchCase {
  readonly base: JsonObject;
  readonly patch: JsonObject;
}

/**
 * What `kubectl kustomize` makes of each base and patch: the object, or `undefined` where the patch deletes it. All in one
 * run, because a run costs about 100 ms whatever it does. Throws what kustomize says if it refuses any of them.
 */
export function kustomizeAll(cases: readonly PatchCase[]): readonly (JsonObject | undefined)[] {
  const result = kustomize(cases);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

/** The same for one case: what kustomize says where it refuses. */
export function kustomizeOne(one: PatchCase): JsonObject | undefined | string {
  const result = kustomize([one]);
  return typeof result === 'string' ? result : result[0];
}

/** What `kubectl patch --local` makes of it: the reference for what kustomize does not know. Throws where it refuses. */
export function kubectlPatch({ base, patch }: PatchCase): JsonObject {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'base.json'), JSON.stringify(base));
    const options = ['--local', '--type', 'strategic', '-f', join(folder, 'base.json'), '-o', 'json'];
    const { status, stdout, stderr } = kubectl('patch', ...options, '-p', JSON.stringify(patch));
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  });
}

function kustomize(cases: readonly PatchCase[]): readonly (JsonObject | undefined)[] | string {
  return inFolder((folder) => {
    const bases = cases.map(({ base }, index) => JSON.stringify(named(base, nameOf(index), base)));
    writeFileSync(join(folder, 'bases.yaml'), bases.join('\n---\n'));
    // One entry for each: kustomize 5.5 crashes on what follows a patch that deletes its object in the same file.
    // No `target`: with one, kustomize overlooks `labels: null`.
    const patches = cases.map(({ base, patch }, index) => ({
      patch: JSON.stringify(named(patch, nameOf(index), base)),
    }));
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: ['bases.yaml'], patches }));
    const { status, stdout, stderr } = kubectl('kustomize', folder);
    if (status !== 0) return stderr;
    const documents = parseAllDocuments(stdout).map((each): JsonObject => each.toJS());
    const found = new Map(documents.map((each) => [at(each, 'metadata', 'name'), each]));
    return cases.map(({ base }, index) => {
      const object = found.get(nameOf(index));
      return object === undefined ? undefined : renamed(object, base);
    });
  });
}

function nameOf(index: number): string {
  return `case-${index}`;
}

/** With a name of its own, and with what kustomize needs to find the object that a patch is for. */
function named(object: JsonObject, name: string, base: JsonObject): JsonObject {
  const namespace = at(base, 'metadata', 'namespace');
  const metadata = { ...mapAt(object, 'metadata'), name, ...(namespace !== undefined && { namespace }) };
  return { apiVersion: base['apiVersion'] ?? null, kind: base['kind'] ?? null, ...object, metadata };
}

function renamed(object: JsonObject, base: JsonObject): JsonObject {
  const name = at(base, 'metadata', 'name') ?? null;
  return { ...object, metadata: { ...mapAt(object, 'metadata'), name } };
}

function kubectl(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync('kubectl', args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
}

function inFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'muster-kubectl-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
