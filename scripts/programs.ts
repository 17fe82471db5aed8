/**
 * Provides kustomize and Helm for tests, of the versions that `tools/kustomize/go.mod` and `tools/helm/go.mod` pin, and
 * `bench/peers` for benchmarks, each built once on a machine. As a command it prints the folders of the first two:
 * `PATH="$(node scripts/programs.ts):$PATH" muster check`.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fillFolder, messageOf, removePartial, userCache } from './fill-folder.ts';
import { goBuildTools, selectGo } from './go-build.ts';
import { holdLock } from './hold-lock.ts';
import { PLATFORM } from './platform.ts';
import { type Progress, startProgress } from './progress.ts';
import { readPin } from './read-pin.ts';

interface Recipe {
  /** Folder of its Go module. */
  readonly folder: string;
  readonly version: string;
  readonly linkerFlags: string;
  /** Makes it print its version. */
  readonly ask: readonly string[];
  readonly minutes: string;
  /** Files of ours that are compiled into it, in the folder: with another content it is another program. */
  readonly sources?: readonly string[];
}

const TOOLS = join(import.meta.dirname, '../tools');
const KUSTOMIZE = readPin(join(TOOLS, 'kustomize'), 'sigs.k8s.io/kustomize/kustomize/v5');
const HELM = readPin(join(TOOLS, 'helm'), 'helm.sh/helm/v3');
const PEERS = join(import.meta.dirname, '../bench/peers');

const RECIPES = {
  kustomize: {
    folder: join(TOOLS, 'kustomize'),
    version: KUSTOMIZE,
    linkerFlags: '',
    ask: ['version'],
    minutes: 'half a minute',
  },
  helm: {
    folder: join(TOOLS, 'helm'),
    version: HELM,
    linkerFlags: `-X helm.sh/helm/v3/internal/version.version=v${HELM}`,
    ask: ['version', '--short'],
    minutes: 'two minutes',
  },
  'flux-ssa': {
    folder: PEERS,
    version: readPin(PEERS, 'github.com/fluxcd/pkg/ssa'),
    linkerFlags: '',
    ask: ['--version'],
    minutes: 'three minutes',
    sources: ['go.mod', 'flux-ssa/main.go'],
  },
} as const satisfies Record<string, Recipe>;

export type ProgramName = keyof typeof RECIPES;

/** A program on this machine. */
export interface ProvidedProgram {
  /** Holds the program and nothing else that could be started. */
  readonly directory: string;
  readonly file: string;
  /** `5.8.1`. */
  readonly version: string;
}

/** Finds the program in the cache of the user, or builds it there. Throws one Error that says what to do. */
export async function provideProgram(
  name: ProgramName,
  onProgress: (line: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ProvidedProgram> {
  const recipe: Recipe = RECIPES[name];
  const folderName = `${name}-${recipe.version}${digest(recipe)}-${PLATFORM.os}-${PLATFORM.arch}`;
  const directory = join(userCache(environment), 'muster/programs', folderName);
  const program = { directory, file: join(directory, name), version: recipe.version };
  if (await isWhole(program)) return program;
  const progress = startProgress(onProgress);
  try {
    await mkdir(dirname(directory), { recursive: true });
    const tell = (holder: string): void => progress.note(`Waiting for ${holder}, which builds ${name}`);
    await holdLock(`${directory}.lock`, tell, async () => {
      if (await isWhole(program)) return;
      await removePartial(directory);
      await fillFolder(directory, (folder) => build(name, recipe, folder, environment, progress));
    });
    return program;
  } catch (error) {
    throw new Error(
      `There is no ${name} ${recipe.version} to run ${recipe.sources === undefined ? 'tests' : 'benchmarks'} with: ${messageOf(error)}. Install Go 1.26, and allow access to a Go module proxy.`,
      { cause: error },
    );
  } finally {
    progress.stop();
  }
}

/** `''` for a program that is not ours: its version says it all. */
function digest({ folder, sources = [] }: Recipe): string {
  if (sources.length === 0) return '';
  const hash = createHash('sha256');
  for (const file of sources) hash.update(readFileSync(join(folder, file)));
  return `-${hash.digest('hex').slice(0, 8)}`;
}

const MARKER = 'complete.json';

async function build(
  name: ProgramName,
  recipe: Recipe,
  folder: string,
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const go = await selectGo(environment);
  progress.say(
    `Building ${name} ${recipe.version} with ${go.version}, once on this machine. It takes about ${recipe.minutes} on two cores.`,
  );
  await goBuildTools(recipe, folder, { ...environment, ...go.environment }, progress);
  const file = join(folder, name);
  const { stdout } = await promisify(execFile)(file, [...recipe.ask], { timeout: 30_000 });
  if (!stdout.startsWith(`v${recipe.version}`)) throw new Error(`it calls itself "${stdout.trim()}"`);
  await writeFile(join(folder, MARKER), `${JSON.stringify({ bytes: (await stat(file)).size })}\n`);
}

/** The marker is written last, and the program still has the size that it says. */
async function isWhole({ directory, file }: ProvidedProgram): Promise<boolean> {
  try {
    const { bytes }: { bytes: number } = JSON.parse(await readFile(join(directory, MARKER), 'utf8'));
    return (await stat(file)).size === bytes;
  } catch {
    return false;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  try {
    const provided = [await provideProgram('kustomize', console.error), await provideProgram('helm', console.error)];
    console.log(provided.map(({ directory }) => directory).join(':'));
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
