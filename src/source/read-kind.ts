import type { Diagnostic, DiagnosticCode } from '../model/diagnostic.ts';
import type { DocumentSource } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import type { RegularFile } from '../model/snapshot.ts';
import type { Memo } from '../memo.ts';
import { groupOf } from '../object/id.ts';
import { isObject, textAt } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';
import { valueAt } from '../object/value-at.ts';
import type { ReadFile } from '../read-file.ts';
import { API_VERSION, checkKind, type Kind, KINDS, type Parsed } from './schema.ts';
import type { SchemaIssue } from './shape.ts';

/** What all parsers of this folder share. */
export interface ParseContext {
  readonly read: ReadFile;
  readonly locate: Locate;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Of the thing that is parsed: what it is made of is looked up here. */
  readonly memo: Memo;
}

/** A document of a file, not looked at yet. */
export interface RawDocument {
  readonly value: JsonValue;
  readonly source: DocumentSource;
}

/** A document of ours that fits its schema. */
export interface OwnDocument<K extends Kind> {
  readonly kind: K;
  readonly document: Parsed<K>;
  readonly source: DocumentSource;
}

/** All documents of a file. What is wrong with its text is reported. */
export function readDocuments(file: RegularFile, { read, report }: ParseContext): readonly RawDocument[] {
  const parsed = read(file);
  for (const { line, column, ...problem } of parsed.problems) {
    report({ ...problem, origin: { file: file.path, line, column } });
  }
  return parsed.documents.map(({ value, index, line, column }) => ({
    value,
    source: { file: file.path, line, column, document: index, pointer: '' },
  }));
}

/** The kind that a document says it is, if it is one of ours, of any version. */
export function ownKindOf({ value }: RawDocument): string | undefined {
  return groupOf(textAt(value, 'apiVersion') ?? '') === groupOf(API_VERSION) ? textAt(value, 'kind') : undefined;
}

/** Reads a document as `kind`; everything that does not fit is reported, and then there is no result. */
export function readKind<K extends Kind>(
  kind: K,
  { value, source }: RawDocument,
  context: ParseContext,
): OwnDocument<K> | undefined {
  const result = checkKind(kind, value);
  if (result.state === 'fits') return { kind, document: result.document, source };
  reportIssues(kind, API_VERSION, result.issues, { value, source }, context);
  return undefined;
}

/** Reports all that does not fit the shape of a kind, each at its field. */
export function reportIssues(
  kind: string,
  apiVersion: string,
  issues: readonly SchemaIssue[],
  raw: RawDocument,
  context: ParseContext,
): void {
  for (const issue of issues) context.report(toDiagnostic(kind, apiVersion, issue, raw, context.locate));
}

/** Reports a document that has no business where it is. `expected`: kinds that have, for the help. */
export function reportUnexpected(
  raw: RawDocument,
  expected: readonly Kind[],
  place: string,
  context: ParseContext,
): void {
  const kind = textAt(raw.value, 'kind') ?? '';
  const own = ownKindOf(raw);
  const [code, message]: [DiagnosticCode, string] = !isObject(raw.value)
    ? ['NOT_A_MANIFEST', `the document is no map`]
    : own === undefined
      ? [
          'MISPLACED_FILE',
          `${kind === '' ? 'a document without kind' : `${kind} of "${textAt(raw.value, 'apiVersion') ?? ''}"`} has no meaning in ${place}`,
        ]
      : KINDS.includes(own)
        ? ['MISPLACED_FILE', `kind ${own} has no meaning in ${place}`]
        : ['UNKNOWN_KIND', `Muster has no kind "${own}"`];
  const help = own === undefined ? whatFits(expected, place) : homeOf(own);
  context.report({ code, severity: 'error', message, help, origin: context.locate(raw.source, '/kind', 'value') });
}

function whatFits(expected: readonly Kind[], place: string): string {
  const manifests = expected.includes('App') ? '; manifests belong to base/' : '';
  return `${place} takes ${expected.join(' and ')} of ${API_VERSION}${manifests}.`;
}

function homeOf(kind: string): string {
  const home = Object.hasOwn(HOMES, kind) ? HOMES[kind] : undefined;
  if (home !== undefined) return `It belongs to ${home}.`;
  const nearest = nearestName(kind, KINDS);
  return nearest === undefined ? `Its kinds are ${KINDS.join(', ')}.` : `Did you mean "${nearest}"?`;
}

/** Where each kind of ours belongs. */
const HOMES: Readonly<Record<string, string>> = {
  Fleet: 'fleet.yaml',
  Cluster: 'clusters/',
  App: 'apps/NAME/',
  Placement: 'apps/NAME/',
  Overlay: 'apps/NAME/overlays/',
} satisfies Record<Kind, string>;

/** Reports something at a field of a document. */
export function reportAt(
  source: DocumentSource,
  pointer: string,
  problem: Omit<Diagnostic, 'origin' | 'severity'>,
  { report, locate }: ParseContext,
): void {
  report({ ...problem, severity: 'error', origin: locate(source, pointer, 'value') });
}

/** Fields that design and documentation name and this version cannot honour: refused by name, never ignored. */
export function refuseUnsupported(
  spec: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  source: DocumentSource,
  context: ParseContext,
): void {
  for (const field of fields.filter((each) => spec[each] !== undefined)) {
    const message = `spec.${field} is not supported by this version of Muster`;
    const origin = context.locate(source, `/spec/${field}`, 'key');
    context.report({ code: 'NOT_SUPPORTED', severity: 'error', message, help: 'Remove it.', origin });
  }
}

function toDiagnostic(
  kind: string,
  apiVersion: string,
  issue: SchemaIssue,
  { value, source }: RawDocument,
  locate: Locate,
): Diagnostic {
  const pointer = formatPointer(issue.path.map(String));
  const field = issue.path.map(String).join('.');
  const origin = locate(source, pointer, issue.kind === 'unknown' ? 'key' : 'value');
  const base = { severity: 'error', origin } as const;
  if (field === 'apiVersion' && issue.kind === 'wrong') {
    const found = textAt(value, 'apiVersion') ?? '';
    return {
      ...base,
      code: 'UNKNOWN_KIND',
      message: `${kind} has no version "${found}"`,
      help: `Write apiVersion: ${apiVersion}.`,
    };
  }
  switch (issue.kind) {
    case 'unknown': {
      const name = String(issue.path.at(-1));
      const nearest = nearestName(name, issue.known);
      const help = nearest === undefined ? `Known are: ${issue.known.join(', ')}.` : `Did you mean "${nearest}"?`;
      return { ...base, code: 'UNKNOWN_FIELD', message: `${kind} has no field "${field}"`, help };
    }
    case 'missing':
      return { ...base, code: 'MISSING_FIELD', message: `${kind} needs "${field}", which ${issue.expected}` };
    case 'wrong': {
      const found = valueAt(value, issue.path.map(String));
      const nearest = typeof found === 'string' ? nearestName(found, issue.known) : undefined;
      const unquoted = issue.expected === 'must be text' && (typeof found === 'number' || typeof found === 'boolean');
      const advice = unquoted ? 'Put it in quotes.' : nearest === undefined ? undefined : `Did you mean "${nearest}"?`;
      const help = advice === undefined ? {} : { help: advice };
      return {
        ...base,
        code: 'BAD_VALUE',
        message: `"${field === '' ? 'the document' : field}" ${issue.expected}`,
        ...help,
      };
    }
  }
}
