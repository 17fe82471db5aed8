import type { Origin } from '../model/diagnostic.ts';
import type { ExpansionRefusal, ExpansionRequest } from '../model/expansion.ts';
import { type Ended, MAX_OUTPUT_BYTES } from './run-confined.ts';

/** Takes the names of private folders out of what a program says: what is left are paths of the fleet. */
export function withoutFolder(folder: string): (text: string) => string {
  return (text) => text.replaceAll(`${folder}/`, '').replaceAll(folder, '.');
}

/** Why a program gave no output, in words for the person who wrote its input. */
export function explainEnd(
  ended: Ended,
  request: ExpansionRequest,
  clean: (text: string) => string,
  limits: { readonly timeoutMs: number; readonly memoryMiB: number },
): ExpansionRefusal {
  const { tool } = request;
  const failed = (message: string, help: string): ExpansionRefusal => {
    return { state: 'refused', code: 'RENDER_FAILED', message, help };
  };
  if (ended.state === 'stopped') {
    if (ended.reason === 'time') {
      const help = 'Look for something that never ends, or give it more with --render-timeout.';
      return failed(`${tool} was stopped after ${limits.timeoutMs / 1000} s`, help);
    }
    if (ended.reason === 'size') return failed(`${tool} printed more than ${MAX_OUTPUT_BYTES} bytes`, 'Print less.');
    return failed(`${tool} could not be started`, 'See whether it runs by hand.');
  }
  if (/out of memory|cannot allocate memory|errno=12|failed to reserve/.test(ended.stderr)) {
    const help = 'Look for something that grows without end, or give it more with --render-memory.';
    return failed(`${tool} ran out of memory (${limits.memoryMiB} MiB)`, help);
  }
  const said = oneLine(clean(ended.stderr));
  if (tool === 'kustomize' && /plugin|exec|function/i.test(said) && /disabled|enable|unable to load/i.test(said)) {
    return {
      state: 'refused',
      code: 'NOT_SUPPORTED',
      message: `the kustomization starts another program, which is not done: ${said}`,
      help: 'Run it by hand, and commit what it prints.',
    };
  }
  const place = placeIn(said, request);
  const code = ended.code === null ? 'it was killed' : `it ended with code ${ended.code}`;
  return {
    state: 'refused',
    code: 'RENDER_FAILED',
    message: `${tool} says: ${said === '' ? code : said}`,
    help: `Run "${commandFor(request)}" to see the same.`,
    ...(place === undefined ? {} : { place }),
  };
}

function commandFor({ tool, root, chart }: ExpansionRequest): string {
  return tool === 'kustomize' ? `kustomize build ${root}` : `helm template ${chart?.release ?? ''} ${root}`;
}

const LONGEST = 600;

function oneLine(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^Error: /, '').trim())
    .filter((line) => line !== '' && !/^(Use --debug|# Warning|WARNING|level=)/i.test(line));
  const joined = lines.join(' ').replaceAll(/[\x00-\x1f\x7f]/g, ' ');
  return joined.length > LONGEST ? `${joined.slice(0, LONGEST)}…` : joined;
}

/** Helm names a template as `CHART/templates/web.yaml:3:14`, and more than one where they include another: the last is it. */
function placeIn(said: string, { tool, root, files }: ExpansionRequest): Origin | undefined {
  if (tool !== 'helm') return undefined;
  const places = [
    ...said.matchAll(/[\w.-]+\/([\w./-]*?templates\/[\w./-]+|values\.yaml|Chart\.yaml):(\d+)(?::(\d+))?/g),
  ];
  const [, path = '', line = '1', column = '0'] = places.at(-1) ?? [];
  const file = `${root}/${path}`;
  if (!files.some((each) => each.path === file)) return undefined;
  // Go counts columns from 0.
  return { file, line: Number(line), column: Number(column) + 1 };
}
