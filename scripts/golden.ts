/**
 * Writes the files in `test/golden` that are output of ours: what the example renders to, with its digests, and every help
 * text. Tests compare; look at the difference before you commit it. (`yaml-kubectl.json` is kubectl's output, and
 * `scripts/yaml-corpus.ts` writes it.)
 *
 *     npm run golden
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommandLine } from '../src/cli/command-line.ts';
import { VERBS } from '../src/cli/verbs.ts';

const ROOT = join(import.meta.dirname, '..');
const EXAMPLE = join(ROOT, 'examples', 'fleet-repo');

/** `muster --help`, and that of every verb. */
export async function printHelps(): Promise<string> {
  const commands = [['--help'], ...VERBS.map(({ name }) => [name, '--help'])];
  const texts = await Promise.all(commands.map(async (words) => `$ muster ${words.join(' ')}\n${await output(words)}`));
  return texts.join('\n');
}

/** The example as every cluster gets it: files by their path in `test/golden/example`. */
export async function printExample(): Promise<Readonly<Record<string, string>>> {
  const names = (await output(['render', EXAMPLE, '-o', 'json'])).trim();
  // oxlint-disable-next-line no-unsafe-type-assertion -- documented in docs/json.md
  const { clusters } = JSON.parse(names) as {
    readonly clusters: Readonly<Record<string, { readonly digest: string }>>;
  };
  const rendered = await Promise.all(
    Object.keys(clusters).map(async (name) => [`${name}.yaml`, await output(['render', EXAMPLE, '-C', name])] as const),
  );
  const digests = Object.entries(clusters).map(([name, { digest }]) => `${name} ${digest}\n`);
  return { ...Object.fromEntries(rendered), 'digests.txt': digests.join('') };
}

/** Standard output of a command that succeeds. */
async function output(words: readonly string[]): Promise<string> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    env: {},
    errIsTerminal: false,
    colour: false,
  };
  const code = await runCommandLine(words, io, new AbortController().signal);
  if (code !== 0) throw new Error(`muster ${words.join(' ')} ends with ${code}: ${err}`);
  return out;
}

async function writeAll(): Promise<void> {
  const golden = join(ROOT, 'test', 'golden');
  rmSync(join(golden, 'example'), { recursive: true, force: true });
  const example = Object.entries(await printExample()).map(([path, text]) => [`example/${path}`, text] as const);
  for (const [path, text] of [['help.txt', await printHelps()] as const, ...example]) {
    mkdirSync(dirname(join(golden, path)), { recursive: true });
    writeFileSync(join(golden, path), text);
  }
}

if (import.meta.main) await writeAll();
