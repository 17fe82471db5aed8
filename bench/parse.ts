/**
 * How fast YAML is read: Muster's reader, which gives what kubectl gives and says where people are surprised, beside the
 * library that it is built on and js-yaml, both as they come.
 *
 *     node bench/parse.ts [--folder DIR] [--rounds 7]
 *
 * See bench/README.md for how to read it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadAll } from 'js-yaml';
import { parseAllDocuments } from 'yaml';
import { parseYaml } from '../src/yaml.ts';
import { sharedFolder } from '../test/support/shared.ts';
import { median, printMarkdown } from './support/figures.ts';
import { describeHost } from './support/machine.ts';

/** The compiler has seen all of it by then: what a controller pays that runs for days, and what a short run pays last. */
const WARM_UP_ROUNDS = 2;

interface Reader {
  readonly name: string;
  /** How many documents are in the text; their values have been made. */
  readonly read: (text: string) => number;
}

/** One file of the corpus, a list of dashboards, is a little over what a fleet may hold in a file. */
const LIMITS = { maxBytes: Number.POSITIVE_INFINITY };

const READERS: readonly Reader[] = [
  { name: 'muster', read: (text) => parseYaml(text, { limits: LIMITS }).documents.length },
  { name: 'yaml', read: (text) => parseAllDocuments(text).filter((document) => document.toJS() !== null).length },
  { name: 'js-yaml', read: (text) => loadAll(text).filter((value) => value !== null && value !== undefined).length },
];

const { values: flags } = parseArgs({
  options: { folder: { type: 'string' }, rounds: { type: 'string', default: '7' } },
});
const folder = flags.folder ?? sharedFolder('corpora/kube-prometheus');
const rounds = Number(flags.rounds);
assert.ok(
  folder !== undefined,
  'There are no shared corpora on this machine. Name a folder of manifests with --folder.',
);
assert.ok(rounds >= 1, '--rounds is a whole number from 1');

const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
assert.ok(texts.length > 0, `${folder} has no YAML files`);
const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);

const times = new Map<string, number[]>(READERS.map(({ name }) => [name, []]));
const counts = new Map<string, number>();
for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
  // One after the other in each round, so that a busy moment of the machine does not count for one alone.
  for (const { name, read } of READERS) {
    const began = performance.now();
    counts.set(
      name,
      texts.reduce((sum, text) => sum + read(text), 0),
    );
    if (round >= 0) times.get(name)?.push(performance.now() - began);
  }
}
assert.equal(new Set(counts.values()).size, 1, `all read the same documents: ${JSON.stringify([...counts])}`);

console.log(`${describeHost().join('\n')}\n`);
console.log(
  `${texts.length} files, ${(bytes / 1e6).toFixed(2)} MB, ${counts.get('muster')} documents; ${rounds} rounds\n`,
);
console.log(
  printMarkdown(
    ['reader', 'MB/s, median', 'slowest', 'fastest'],
    READERS.map(({ name }) => {
      const speeds = (times.get(name) ?? []).map((ms) => bytes / 1000 / ms);
      const numbers = [median(speeds), Math.min(...speeds), Math.max(...speeds)];
      return [name, ...numbers.map((speed) => speed.toFixed(2))];
    }),
  ),
);
