import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSlots } from '../concurrency.ts';
import type { ExpansionAnswer, ExpansionRefusal, ExpansionRequest } from '../model/expansion.ts';
import { inspectChart } from './inspect-chart.ts';
import { explainEnd, withoutFolder } from './explain-end.ts';
import type { FoundProgram, FoundPrograms } from './find-programs.ts';
import { type ConfinedRun, type Ended, runConfined } from './run-confined.ts';

export interface ExpanderOptions {
  readonly programs: FoundPrograms;
  /** An empty folder; each run gets one in it. */
  readonly scratch: string;
  readonly timeoutMs: number;
  readonly memoryMiB: number;
  /** Programs that run at once. */
  readonly parallel: number;
}

/** Waits for its turn; the limits are those of the options where none are given. */
type RunProgram = (
  run: Omit<ConfinedRun, 'timeoutMs' | 'memoryMiB'> & { readonly timeoutMs?: number },
) => Promise<Ended>;

/** Runs the program of a request. */
export interface Expander {
  expand(request: ExpansionRequest): Promise<ExpansionAnswer>;
}

/** Starts programs in this process, which therefore must hold nothing secret. */
export async function createExpander(options: ExpanderOptions): Promise<Expander> {
  const { scratch } = options;
  const slots = createSlots(options.parallel);
  const confined: RunProgram = (run) => slots.use(() => runConfined({ ...options, ...run }));
  const versions = new Map<string, Promise<string | undefined>>();
  let runs = 0;
  const nextFolder = async (): Promise<string> => {
    const folder = join(scratch, String((runs += 1)));
    await mkdir(folder, { mode: 0o700 });
    return folder;
  };
  const versionOf = (program: FoundProgram): Promise<string | undefined> => {
    const known = versions.get(program.path) ?? nextFolder().then((folder) => askVersion(program, folder, confined));
    versions.set(program.path, known);
    return known;
  };
  await Promise.all(ZONES.map((zone) => writeFile(join(scratch, zone.name), zoneFile(zone.offsetHours))));
  return {
    expand: async (request) => {
      const chosen = await chooseProgram(request, options.programs, versionOf);
      if (chosen.state === 'refused') return chosen;
      const folder = await nextFolder();
      try {
        await writeFiles(request, folder);
        const run = { request, program: chosen.program, folder, options, confined };
        const output = request.tool === 'helm' ? await runHelm(run) : await runKustomize(run);
        if (typeof output !== 'string') return output;
        return { state: 'rendered', tool: request.tool, version: chosen.version, text: output };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

type Chosen = { readonly state: 'chosen'; readonly program: FoundProgram; readonly version: string } | ExpansionRefusal;

/** The first that has the version that the fleet asks for, or the first of all where it asks for none. */
async function chooseProgram(
  { tool, version: wanted }: ExpansionRequest,
  programs: FoundPrograms,
  versionOf: (program: FoundProgram) => Promise<string | undefined>,
): Promise<Chosen> {
  const found = await Promise.all(
    programs[tool].map(async (program) => ({ program, version: await versionOf(program) })),
  );
  for (const { program, version } of found) {
    if (version === undefined || (wanted !== undefined && wanted !== version)) continue;
    return { state: 'chosen', program, version };
  }
  const there = found.map(({ program, version }) =>
    version === undefined
      ? `${program.path} does not say its version`
      : `${program.path} is ${describe(program, version)}`,
  );
  return {
    state: 'refused',
    code: wanted === undefined ? 'RENDERER_UNAVAILABLE' : 'TOOL_VERSION',
    message: `${wanted === undefined ? `this folder is rendered by ${tool}` : `the fleet asks for ${tool} ${wanted}`}, and ${there.join(', ')}`,
    help:
      `Install ${tool} ${wanted ?? ''}`.trim() + (wanted === undefined ? '.' : ', or change spec.tools in fleet.yaml.'),
  };
}

function describe({ name }: FoundProgram, version: string): string {
  return name === 'kubectl' ? `one with kustomize ${version}` : version;
}

const VERSION_PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  kustomize: ['version'],
  kubectl: ['version', '--client', '--output=json'],
  helm: ['version', '--template={{.Version}}'],
};

const VERSION_PATTERNS: Readonly<Record<string, RegExp>> = {
  kustomize: /^\{?(?:Version:)?(?:kustomize\/)?v?(\d+\.\d+\.\d+[\w.-]*)/,
  kubectl: /"kustomizeVersion":\s*"v?(\d+\.\d+\.\d+[\w.-]*)"/,
  helm: /^v?(\d+\.\d+\.\d+[\w.-]*)/,
};

async function askVersion(
  { name, path }: FoundProgram,
  folder: string,
  confined: RunProgram,
): Promise<string | undefined> {
  const parameters = VERSION_PARAMETERS[name] ?? [];
  const ended = await confined({ program: path, parameters, folder, timeoutMs: VERSION_MS });
  return ended.state === 'ended' ? VERSION_PATTERNS[name]?.exec(ended.stdout.trim())?.[1] : undefined;
}

/** The first start reads a hundred megabytes from a cold disk. */
const VERSION_MS = 30_000;

/** Where the files of the fleet are, within the folder of a run. */
const FILES = 'files';

async function writeFiles({ files }: ExpansionRequest, folder: string): Promise<void> {
  for (const { path, bytes } of files) {
    const target = join(folder, FILES, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
  }
}

interface Run {
  readonly request: ExpansionRequest;
  readonly program: FoundProgram;
  readonly folder: string;
  readonly options: ExpanderOptions;
  readonly confined: RunProgram;
}

async function runKustomize(run: Run): Promise<string | ExpansionRefusal> {
  const { request, program, folder } = run;
  const target = join(folder, FILES, request.root);
  const verb = program.name === 'kubectl' ? 'kustomize' : 'build';
  const ended = await start(run, [verb, target, '--load-restrictor=LoadRestrictionsRootOnly'], {});
  return outputOf(ended, run);
}

/** Renders a chart several times, elsewhere in time and, by the clock on the wall, on another day. */
async function runHelm(run: Run): Promise<string | ExpansionRefusal> {
  const { request, folder, options } = run;
  const { root, files, chart } = request;
  const { refusal, repeats, readsClock } = await inspectChart(root, files);
  if (refusal !== undefined || chart === undefined) return refusal ?? NO_CHART;
  const values = chart.values.map((text, index) => ({ path: join(folder, `values-${index}.json`), text }));
  for (const { path, text } of values) await writeFile(path, text);
  const parameters = [
    'template',
    chart.release,
    join(folder, FILES, root),
    '--include-crds',
    `--namespace=${chart.namespace}`,
    `--kube-version=${chart.kubernetesVersion}`,
    ...values.flatMap(({ path }) => ['--values', path]),
  ];
  let first: string | undefined;
  for (let index = 0; index < repeats; index += 1) {
    if (index === 1 && readsClock) await sleep(A_SECOND_MS);
    const zone = ZONES[index % ZONES.length]?.name ?? '';
    const output = outputOf(
      await start(run, parameters, { ...helmFolders(folder), TZ: join(options.scratch, zone) }),
      run,
    );
    if (typeof output !== 'string') return output;
    first ??= output;
    if (output !== first) return differs(first, output, request);
  }
  return first ?? '';
}

const NO_CHART: ExpansionRefusal = { state: 'refused', code: 'RENDER_FAILED', message: 'there is no chart' };

/** Time in charts is counted in seconds at the finest. */
const A_SECOND_MS = 1100;

function helmFolders(folder: string): Readonly<Record<string, string>> {
  const home = join(folder, 'home');
  return { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home, HELM_PLUGINS: join(home, 'none') };
}

function start(
  { program, folder, confined }: Run,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const own = { XDG_CONFIG_HOME: join(folder, 'home'), KUSTOMIZE_PLUGIN_HOME: join(folder, 'home', 'none') };
  return confined({ program: program.path, parameters, folder, environment: { ...own, ...environment } });
}

function outputOf(ended: Ended, { request, folder, options }: Run): string | ExpansionRefusal {
  if (ended.state === 'ended' && ended.code === 0) return ended.stdout;
  return explainEnd(ended, request, withoutFolder(join(folder, FILES)), options);
}

/** Names the template where the outputs part. The lines themselves may be a password that was just made up. */
function differs(first: string, second: string, { root, files }: ExpansionRequest): ExpansionRefusal {
  const [a, b] = [first.split('\n'), second.split('\n')];
  const index = a.findIndex((line, at) => line !== b[at]);
  const header = a.slice(0, index + 1).findLast((line) => line.startsWith('# Source: ')) ?? '';
  const path = `${root}/${header.replace(/^# Source: [^/]*\//, '')}`;
  const place = files.some((file) => file.path === path) ? { place: { file: path, line: 1, column: 1 } } : {};
  return {
    state: 'refused',
    code: 'NOT_REPRODUCIBLE',
    message: 'the chart renders differently each time: it uses chance or the clock (randAlphaNum, genCA, now, keys …)',
    help: 'Give the value yourself, as charts allow with a setting such as existingSecret, or take the function out.',
    ...place,
  };
}

/** 26 hours apart, so that the two never have the same day. */
const ZONES = [
  { name: 'zone-west', offsetHours: -12 },
  { name: 'zone-east', offsetHours: 14 },
] as const;

/** A time zone in the form of tzfile(5), with one offset for all time: `TZ` may name a file, and zones may not be installed. */
function zoneFile(offsetHours: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('TZif');
  header.writeUInt32BE(1, 36); // one kind of time
  header.writeUInt32BE(4, 40); // characters of its name
  const kind = Buffer.alloc(10);
  kind.writeInt32BE(offsetHours * 3600, 0);
  kind.write('LOC\0', 6);
  return Buffer.concat([header, kind]);
}
