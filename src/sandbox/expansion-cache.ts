import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpansionAnswer } from '../model/expansion.ts';
import { parseJson, textAt } from '../object/json.ts';

type Rendered = Extract<ExpansionAnswer, { state: 'rendered' }>;

/** What programs printed, on the disk. It can always be removed: losing it costs running them again. */
export interface ExpansionCache {
  /** `undefined` also for what is damaged. */
  read(key: string): Promise<Rendered | undefined>;
  /** A disk that is full or not ours is no failure: then nothing is kept. */
  write(key: string, answer: Rendered): Promise<void>;
  /** Removes what was not used for longest, until the rest fits. */
  prune(): Promise<void>;
}

/** Of all files together. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Changes when the same key would mean another text: what programs are told, or how a file is written. */
const FORMAT = 1;

/**
 * One file for each key, named by its hash, its content guarded by another. Files appear by renaming, so that a reader sees
 * whole ones only; several processes may share the folder.
 */
export function openExpansionCache(folder: string, maxBytes: number = MAX_BYTES): ExpansionCache {
  const fileOf = (key: string): string => join(folder, sha256(`${FORMAT} ${key}`));
  return {
    async read(key) {
      const file = fileOf(key);
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      const answer = parseEntry(text);
      const now = new Date();
      // Another process may remove it in this moment: we have it.
      await (answer === undefined ? rm(file, { force: true }) : utimes(file, now, now)).catch(() => {});
      return answer;
    },
    async write(key, answer) {
      const partial = join(folder, `${randomUUID()}.partial`);
      const body = JSON.stringify(answer);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await using file = await open(partial, 'wx', 0o600);
        await file.writeFile(`${sha256(body)}\n${body}`);
        await rename(partial, fileOf(key));
      } catch {
        await rm(partial, { force: true }).catch(() => {});
      }
    },
    prune: () => prune(folder, maxBytes).catch(() => {}),
  };
}

function parseEntry(text: string): Rendered | undefined {
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (sha256(body) !== text.slice(0, end)) return undefined;
  const value = parseJson(body);
  const [tool, version, output] = [textAt(value, 'tool'), textAt(value, 'version'), textAt(value, 'text')];
  if ((tool !== 'kustomize' && tool !== 'helm') || version === undefined || output === undefined) return undefined;
  return { state: 'rendered', tool, version, text: output };
}

/** A file that is being written for so long was left behind. */
const ABANDONED_MS = 60 * 60_000;

async function prune(folder: string, maxBytes: number): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      return { path, size: found?.size ?? 0, usedMs: found?.mtimeMs ?? 0 };
    }),
  );
  let bytes = 0;
  for (const { path, size, usedMs } of files.sort((a, b) => b.usedMs - a.usedMs)) {
    bytes += size;
    const abandoned = path.endsWith('.partial') && Date.now() - usedMs > ABANDONED_MS;
    if (bytes > maxBytes || abandoned) await rm(path, { force: true });
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
