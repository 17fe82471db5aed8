import type { DocumentSource } from '../../model/fleet.ts';
import { type ParseContext, type RawDocument, reportIssues } from '../read-kind.ts';
import { checkShape, Text, Texts, z } from '../shape.ts';

/** As people write it and as `kubectl get -o yaml` prints it: what only a server sets says nothing. */
const Metadata = z.strictObject({
  name: Text,
  namespace: Text.optional(),
  labels: Texts.optional(),
  annotations: Texts.optional(),
  finalizers: z.unknown().optional(),
  ownerReferences: z.unknown().optional(),
  uid: z.unknown().optional(),
  resourceVersion: z.unknown().optional(),
  generation: z.unknown().optional(),
  creationTimestamp: z.unknown().optional(),
  managedFields: z.unknown().optional(),
});

/** The shape of a whole document with this `spec`. */
export function documentShape<Spec extends z.ZodType>(version: string, spec: Spec) {
  return z.strictObject({
    apiVersion: z.literal(version),
    kind: z.string(),
    metadata: Metadata,
    spec,
    status: z.unknown().optional(),
  });
}

/** Reads a document; everything that does not fit its shape is reported at its field, and then there is no result. */
export function readDocument<Shape extends z.ZodType>(
  kind: string,
  version: string,
  shape: Shape,
  raw: RawDocument,
  context: ParseContext,
): z.infer<Shape> | undefined {
  const result = checkShape(shape, raw.value);
  if (result.state === 'fits') return result.document;
  reportIssues(kind, version, result.issues, raw, context);
  return undefined;
}

/** A field that cannot be honoured: refused by name, never ignored. `pointer` is into the document. */
export function refuseField(
  source: DocumentSource,
  pointer: string,
  reason: string,
  help: string,
  { report, locate }: ParseContext,
): void {
  const field = pointer.slice(1).replaceAll('/', '.');
  const message = `${field} is not supported: ${reason}`;
  report({ code: 'NOT_SUPPORTED', severity: 'error', message, help, origin: locate(source, pointer, 'key') });
}

/** Something is followed, but in one respect it is not what the other system would do. */
export function warnDifferent(
  source: DocumentSource,
  pointer: string,
  message: string,
  { report, locate }: ParseContext,
): void {
  report({ code: 'DIFFERENT_HERE', severity: 'warning', message, origin: locate(source, pointer, 'key') });
}
