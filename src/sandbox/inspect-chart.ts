import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { ExpansionFile, ExpansionRefusal } from '../model/expansion.ts';
import { remoteSchema } from '../render/check-chart.ts';

/** What a chart says of itself before it is rendered. */
export interface ChartFacts {
  readonly refusal?: ExpansionRefusal;
  /** How often it must come out the same to be believed. */
  readonly repeats: number;
  /** Its templates may look at the clock. */
  readonly readsClock: boolean;
}

/** With chance in it, two runs may agree by chance: one of `randInt 0 60` does once in sixty times. */
const REPEATS = { sober: 2, gambling: 5 };
const CHANCE = /\b(rand\w+|shuffle|uuidv4|gen[A-Z]\w+|bcrypt|htpasswd|encryptAES|keys|values|toToml)\b/;
const CLOCK = /\b(now|ago|\w*[dD]ate\w*)\b/;

/** An archive of a chart holds text; one that unpacks to more is made to hurt. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

/** Looks into the chart and into the charts that are packed in it. */
export async function inspectChart(root: string, files: readonly ExpansionFile[]): Promise<ChartFacts> {
  let [chance, clock] = [false, false];
  for (const { path, bytes } of files) {
    if (path.endsWith('.tgz') && path.startsWith(`${root}/charts/`)) {
      const unpacked = await unpack(bytes);
      if (unpacked === undefined) return { refusal: badArchive(path), repeats: 0, readsClock: false };
      const schema = remoteInArchive(unpacked);
      if (schema !== undefined) return { refusal: remoteSchemaIn(path, schema), repeats: 0, readsClock: false };
      chance ||= CHANCE.test(unpacked);
      clock ||= CLOCK.test(unpacked);
    } else {
      const actions = actionsOf(new TextDecoder().decode(bytes));
      chance ||= CHANCE.test(actions);
      clock ||= CLOCK.test(actions);
    }
  }
  return { repeats: chance ? REPEATS.gambling : REPEATS.sober, readsClock: clock };
}

/** Only what stands in braces is run, in templates and, by `tpl`, in any other file. */
function actionsOf(template: string): string {
  const actions = [...template.matchAll(/\{\{([\s\S]*?)\}\}/g)].map(([, inner = '']) => inner);
  return actions.filter((action) => !/^-?\s*\/\*/.test(action)).join('\n');
}

async function unpack(bytes: Uint8Array): Promise<string | undefined> {
  try {
    return (await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNPACKED_BYTES })).toString('utf8');
  } catch {
    return undefined;
  }
}

/** A tar holds its files as they are, each after a header with its name: schemas begin at their first brace. */
function remoteInArchive(tar: string): string | undefined {
  for (const { index } of tar.matchAll(/\/values\.schema\.json\0/g)) {
    const start = tar.indexOf('{', index);
    const end = tar.indexOf('\0', start);
    const found = start === -1 ? undefined : remoteSchema(tar.slice(start, end === -1 ? undefined : end));
    if (found !== undefined) return found;
  }
  return undefined;
}

function badArchive(file: string): ExpansionRefusal {
  return {
    state: 'refused',
    code: 'RENDER_FAILED',
    message: 'the archive cannot be unpacked, or is too large',
    help: 'Run "helm dependency update" again, or commit the chart unpacked.',
    place: { file, line: 1, column: 1 },
  };
}

function remoteSchemaIn(file: string, address: string): ExpansionRefusal {
  return {
    state: 'refused',
    code: 'REMOTE_BASE',
    message: `a schema in the archive refers to "${address}", which Helm would have to fetch`,
    help: 'Commit the chart unpacked, and copy what the schema refers to into it.',
    place: { file, line: 1, column: 1 },
  };
}
