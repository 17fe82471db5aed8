import type { Origin } from '../model/diagnostic.ts';
import type { PendingBase } from '../model/expansion.ts';
import type { Expansion } from '../model/extensions.ts';
import type { BaseManifest } from '../model/fleet.ts';
import type { ReadOutput } from '../read-output.ts';
import { parseManifests } from './parse-manifests.ts';
import { startOf } from './pending-base.ts';

/**
 * The manifests that a program printed. They stand in no file: their origin is the kustomization or the chart, or the
 * template that Helm names above each of them, where it is a file of the fleet.
 */
export function readExpansion(text: string, pending: PendingBase, read: ReadOutput): Expansion {
  const output = { kind: 'file', path: pending.origin.file, oid: '', bytes: new Uint8Array() } as const;
  // Line and column count in what was printed here, until they are exchanged for a place that people can open.
  const parsed = parseManifests(
    output,
    () => read(text),
    ({ file, line, column }) => ({ file, line, column }),
  );
  const originAt = pending.tool === 'helm' ? templateOrigins(text, pending) : () => pending.origin;
  const manifests = parsed.manifests.map(({ body, source }): BaseManifest => {
    return { body, source: { ...originAt(source.line), document: 0, pointer: '', generated: true } };
  });
  const diagnostics = parsed.diagnostics.map((each) => ({ ...each, origin: originAt(each.origin.line) }));
  return { manifests, diagnostics };
}

/** `# Source: web/charts/cache/templates/service.yaml` stands above each document, and holds until the next. */
function templateOrigins(text: string, { root, files, origin }: PendingBase): (line: number) => Origin {
  const known = new Set(files.map((file) => file.path));
  const headers: { readonly line: number; readonly origin: Origin }[] = [];
  const lines = text.split('\n');
  for (const [index, each] of lines.entries()) {
    const [, path] = (lines[index - 1] === '---' && /^# Source: [^/]+\/(.+)$/.exec(each)) || [];
    if (path === undefined) continue;
    const file = `${root}/${path}`;
    headers.push({ line: index + 1, origin: known.has(file) ? startOf({ path: file }) : origin });
  }
  return (line) => headers.findLast((header) => header.line <= line)?.origin ?? origin;
}
