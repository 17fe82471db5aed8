import { showOnOneLine } from '../object/hidden.ts';

/** Columns of text, as wide as their widest cell. `headers` undefined: none are printed. */
export function printTable(headers: readonly string[] | undefined, rows: readonly (readonly string[])[]): string {
  // A cluster may hold objects of others, whose names can hold anything.
  const shown = rows.map((row) => row.map(showOnOneLine));
  const all = headers === undefined ? shown : [headers, ...shown];
  const widths = (all[0] ?? []).map((_cell, column) => Math.max(...all.map((row) => lengthOf(row[column] ?? ''))));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)),
      )
      .join('   ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** In characters as people see them, near enough: names hold nothing but ASCII. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
