import type { DocumentSource } from '../../model/fleet.ts';
import { type ParseContext, reportAt } from '../read-kind.ts';

/**
 * Names of clusters in the files of other federations are exact, and selectors of ours take `*` and `?` for patterns: such a
 * name, which selects nothing there, would select many clusters here. It is an error. `pointerOf`: where the name with that
 * index stands in its document.
 */
export function refusePatterns(
  names: readonly string[],
  source: DocumentSource,
  pointerOf: (index: number) => string,
  context: ParseContext,
): void {
  for (const [index, name] of names.entries()) {
    if (!/[*?]/.test(name)) continue;
    const message = `"${name}" is no name of a cluster: names are exact in Karmada and KubeFed, where a pattern means nothing`;
    const help = 'Name the clusters one by one, or select them by their labels.';
    reportAt(source, pointerOf(index), { code: 'BAD_VALUE', message, help }, context);
  }
}
