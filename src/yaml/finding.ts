import type { DiagnosticCode, Origin, Severity } from '../model/diagnostic.ts';

/** Something wrong at one place of a text. `offset` counts UTF-16 code units from the start of the text. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** One line. Names keys, never values: the file may hold a Secret. */
  readonly message: string;
  readonly help?: string;
  readonly offset: number;
}

/** A finding that is an error, which nearly all are. */
export function errorAt(offset: number, code: DiagnosticCode, message: string, help?: string): Finding {
  return { code, severity: 'error', message, ...(help === undefined ? {} : { help }), offset };
}

/** A column counts UTF-16 code units, as editors do. */
export type Position = Pick<Origin, 'line' | 'column'>;

/** Returns the function from an offset in `text` to its position; it takes logarithmic time. */
export function positionsOf(text: string): (offset: number) => Position {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** `3:5`, as compilers write it. */
export function formatPosition({ line, column }: Position): string {
  return `${line}:${column}`;
}
