import type { DiagnosticCode, Severity } from '../model/diagnostic.ts';

/**
 * What is wrong in a patch or a value: a diagnostic that does not know yet in which file it is. Whoever called has the
 * document, finds line and column of `pointer` there, and adds them.
 */
export interface Problem {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** One line: what and why. Never a value of a Secret. */
  readonly message: string;
  /** One sentence that says what to do. */
  readonly help?: string;
  /** JSON pointer of the place in the patch or value that was passed. */
  readonly pointer: string;
  /** The key is what is wrong, not its value. */
  readonly part?: 'key';
}

/** Adds a problem of one severity. `part`: the key is meant, not its value. */
export type ReportProblem = (
  code: DiagnosticCode,
  pointer: string,
  message: string,
  help?: string,
  part?: 'key',
) => void;

/** Collects into `problems`. */
export function reportInto(problems: Problem[], severity: Severity): ReportProblem {
  return (code, pointer, message, help, part) => {
    const optional = { ...(help === undefined ? {} : { help }), ...(part === undefined ? {} : { part }) };
    problems.push({ code, severity, message, pointer, ...optional });
  };
}
