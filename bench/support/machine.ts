import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { provideControlPlane } from '../../scripts/control-plane.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What a number of a benchmark means nothing without, one fact per line. Obtains the control plane's binaries if need be. */
export async function describeMachine(): Promise<readonly string[]> {
  const { version } = await provideControlPlane({ onProgress: console.error });
  return [...describeHost(), `Kubernetes  ${version}`];
}

/** The same for a benchmark without servers. */
export function describeHost(): readonly string[] {
  const [load = 0] = loadavg();
  return [
    `date        ${new Date().toISOString().slice(0, 16)}Z`,
    `revision    ${revision()}`,
    `processor   ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, shared by all that is measured`,
    `memory      ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    `load        ${load.toFixed(2)} when it began: others use the machine too where this is more than a few tenths`,
    `Node.js     ${process.versions.node}`,
  ];
}

/** The commit that was measured; work that is not committed is said, because nobody can repeat it. */
function revision(): string {
  const git = (...args: readonly string[]): string => execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' });
  const changed = git('status', '--porcelain', '--', 'src', 'bin', 'bench').trim() !== '';
  return `${git('rev-parse', '--short=10', 'HEAD').trim()}${changed ? ' with changes that are not committed' : ''}`;
}
