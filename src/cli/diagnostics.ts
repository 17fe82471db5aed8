import type { Diagnostic } from '../model/diagnostic.ts';
import { formatDiagnostic } from '../report/summarize.ts';

/** A diagnostic in JSON output: flat, so that `jq` and annotations need no path. */
export interface DiagnosticOutput {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly help?: string;
  readonly app?: string;
  readonly cluster?: string;
}

export function toOutput({ code, severity, message, help, origin, app, cluster }: Diagnostic): DiagnosticOutput {
  return {
    code,
    severity,
    message,
    file: origin.file,
    line: origin.line,
    column: origin.column,
    ...(help === undefined ? {} : { help }),
    ...(app === undefined ? {} : { app }),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

/** One line each; warnings say that they are. */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map((each) => `${each.severity === 'warning' ? 'warning: ' : ''}${formatDiagnostic(each)}\n`)
    .join('');
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((each) => each.severity === 'error');
}
