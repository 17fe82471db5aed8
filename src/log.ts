import { pino } from 'pino';
import { showOnOneLine } from './object/hidden.ts';

/** Facts of one event. Plain values only: manifests, headers and errors of libraries never come here (design 6 §7). */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes events. Lines are for people as text, for machines as JSON. */
export interface Log {
  info(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
  error(event: string, facts?: Facts): void;
}

/** JSON lines on `stream` (pino): what a cluster's log collector wants. */
export function createJsonLog(stream: { write(line: string): void }, level: string): Log {
  const log = pino(
    { level, base: null, messageKey: 'event', timestamp: () => `,"time":"${new Date().toISOString()}"` },
    stream,
  );
  return {
    info: (event, facts) => log.info(facts ?? {}, event),
    warn: (event, facts) => log.warn(facts ?? {}, event),
    error: (event, facts) => log.error(facts ?? {}, event),
  };
}

/** Lines for a terminal: time, event, facts. */
export function createTextLog(write: (line: string) => void): Log {
  const line = (mark: string, event: string, facts: Facts = {}): void => {
    const time = new Date().toISOString().slice(11, 19);
    const rest = Object.entries(facts).flatMap(([key, value]) =>
      value === undefined ? [] : `${key}=${quote(String(value))}`,
    );
    write(`${time} ${mark}${[event, ...rest].join(' ')}\n`);
  };
  return {
    info: (event, facts) => line('', event, facts),
    warn: (event, facts) => line('warning: ', event, facts),
    error: (event, facts) => line('error: ', event, facts),
  };
}

/** Values from repositories and clusters may hold anything; a terminal must not obey it. */
function quote(text: string): string {
  const clean = showOnOneLine(text);
  return /[\s"=]/.test(clean) ? JSON.stringify(clean) : clean;
}
