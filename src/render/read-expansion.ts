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
  if (pending.tool === 'kustomize') return readPart(text, pending.origin, read);
  const known = new Set(pending.files.map((file) => file.path));
  // One by one: most of what a chart prints is the same on all clusters, and is read once. A line "---" ends a document
  // whatever comes before it.
  const parts = text.split(/^(?=---\n# Source: )/m).map((part) => readPart(part, originOf(part, pending, known), read));
  return {
    manifests: parts.flatMap((part) => part.manifests),
    diagnostics: parts.flatMap((part) => part.diagnostics),
  };
}

/** Lines and columns count in what was printed, where nobody can look: all of it stands at its origin. */
function readPart(text: string, origin: Origin, read: ReadOutput): Expansion {
  const output = { kind: 'file', path: origin.file, oid: '', bytes: new Uint8Array() } as const;
  const parsed = parseManifests(
    output,
    () => read(text),
    () => origin,
  );
  const source = { ...origin, document: 0, pointer: '', generated: true } as const;
  return {
    manifests: parsed.manifests.map(({ body }): BaseManifest => ({ body, source })),
    diagnostics: parsed.diagnostics.map((each) => ({ ...each, origin })),
  };
}

/** `# Source: web/charts/cache/templates/service.yaml` stands at the top. */
function originOf(part: string, { root, origin }: PendingBase, known: ReadonlySet<string>): Origin {
  const [, path = ''] = /^---\n# Source: [^/\n]+\/(.+)$/m.exec(part) ?? [];
  const file = `${root}/${path}`;
  return known.has(file) ? startOf({ path: file }) : origin;
}
