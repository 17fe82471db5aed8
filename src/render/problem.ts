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
}
