/** The middle one; of an even number the mean of both. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('there is no median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return ((sorted[middle] ?? 0) + (sorted[Math.ceil(sorted.length / 2 - 1)] ?? 0)) / 2;
}

/** `4.10 (3.92–4.61)`: the median and the range, in seconds. */
export function printSeconds(valuesMs: readonly number[]): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(2);
  const range = valuesMs.length === 1 ? '' : ` (${seconds(Math.min(...valuesMs))}–${seconds(Math.max(...valuesMs))})`;
  return `${seconds(median(valuesMs))}${range}`;
}

/** A table as Markdown, so that it can be kept as it is printed. Columns but the first `left` stand at the right. */
export function printMarkdown(headers: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (column < left ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |\n`;
  const rule = widths.map((width, column) => (column < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return line(headers) + line(rule) + rows.map(line).join('');
}
