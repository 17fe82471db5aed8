import { readFileSync } from 'node:fs';
import { descendantsOf } from '../../test/support/processes.ts';

/** Clock ticks per second in `/proc/PID/stat`: 100 in every Linux since 2.6 (`man 7 time`, USER_HZ). */
const TICK_MS = 10;

/** CPU that the control planes of this process have used so far, in milliseconds. Linux only. */
export function serverCpuMs(): number {
  const servers = descendantsOf(process.pid).filter((pid) => /^(etcd|kube-)/.test(commandOf(pid)));
  return servers.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
}

/** CPU that a process has used so far, without its children, in milliseconds; 0 when it is gone. */
export function cpuMsOf(pid: number): number {
  const stat = read(pid, 'stat');
  // "PID (COMMAND) STATE …": the command may hold anything. utime and stime are the 14th and 15th field of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

/** Memory of a process that is in RAM, in MiB. */
export function residentMiB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} is gone`);
  return Number(kibibytes) / 1024;
}

/** The most memory that a process ever had in RAM, in MiB; 0 when it is gone. */
export function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(pid, 'status'))?.[1] ?? 0) / 1024;
}

function commandOf(pid: number): string {
  return read(pid, 'comm').trim();
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It ended while we looked.
  }
}
