import { createJsonLog, createTextLog, type Log } from '../log.ts';
import { type Settings, UsageError } from '../settings.ts';
import type { Io } from './verb.ts';

/** Lines for people on a terminal, JSON elsewhere; `--log-format` decides. On standard error. */
export function openLog(settings: Settings, io: Io): Log {
  const format = settings.text('logFormat') ?? (io.errIsTerminal ? 'text' : 'json');
  switch (format) {
    case 'text':
      return createTextLog(io.err);
    case 'json':
      return createJsonLog({ write: io.err }, 'info');
    default:
      throw new UsageError(`--log-format: "${format}" is neither json nor text.`);
  }
}
