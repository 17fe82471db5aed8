import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when every thread of a process stands still. A SIGSTOP is only sent when `kill` returns. */
export async function standsStill(pid: number): Promise<void> {
  while (!statesOf(pid).every((state) => state.startsWith('T'))) await sleep(5);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** First letter: `R` runs, `S` sleeps, `T` is stopped, `Z` has ended and nobody has waited for it. */
  readonly state: string;
  readonly command: string;
}

/** Processes that this one started, and those that they started, and so on. */
export function descendantsOf(pid: number): readonly number[] {
  const all = listProcesses();
  const found: number[] = [];
  for (let parents = [pid]; parents.length > 0;) {
    parents = all.filter((each) => parents.includes(each.parent)).map((each) => each.pid);
    found.push(...parents);
  }
  return found;
}

/** Those of the given that still run, with their commands. */
export function stillRunning(pids: readonly number[]): readonly string[] {
  return listProcesses()
    .filter((each) => pids.includes(each.pid) && !each.state.startsWith('Z'))
    .map((each) => `${each.pid} ${each.command}`);
}

/** States of the threads on Linux; elsewhere `ps` tells one for all. A process that is gone has none. */
function statesOf(pid: number): readonly string[] {
  if (process.platform !== 'linux') {
    return listProcesses().flatMap((each) => (each.pid === pid ? [each.state] : []));
  }
  const tasks = `/proc/${pid}/task`;
  return (existsSync(tasks) ? readdirSync(tasks) : []).flatMap(
    (thread) => readStat(`${tasks}/${thread}/stat`)?.state ?? [],
  );
}

/** From /proc on Linux, where `ps` may not be installed; from `ps` elsewhere. */
function listProcesses(): readonly Process[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,state=,comm='], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => parseFields(line.trim().split(/\s+/)));
  }
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(`/proc/${name}/stat`) ?? []) : []));
}

/** `PID (COMMAND) STATE PARENT …`; a command may hold spaces and parentheses. Undefined when it ended while we looked. */
function readStat(path: string): Process | undefined {
  try {
    const stat = readFileSync(path, 'utf8');
    const end = stat.lastIndexOf(')');
    const [state, parent] = stat.slice(end + 2).split(' ');
    return parseFields([stat.split(' ', 1)[0], parent, state, stat.slice(stat.indexOf('(') + 1, end)]);
  } catch {
    return undefined;
  }
}

function parseFields([pid, parent, state = '', command = '']: readonly (string | undefined)[]): Process {
  return { pid: Number(pid), parent: Number(parent), state, command };
}
