import type { DiagnosticCode, Severity } from './model/diagnostic.ts';
import type { JsonValue } from './model/json.ts';
import { composeDocument } from './yaml/compose.ts';
import { convertDocument } from './yaml/convert.ts';
import type { FileState } from './yaml/document-state.ts';
import { type Finding, formatPosition, type Position, positionsOf } from './yaml/finding.ts';
import { YAML_LIMITS, type YamlLimits } from './yaml/limits.ts';
import type { YamlNode } from './yaml/node.ts';
import { parseJsonText } from './yaml/parse-json-text.ts';
import { readText } from './yaml/read-text.ts';
import { splitDocuments } from './yaml/split-documents.ts';

export interface ParseOptions {
  /** `json`, for files whose name ends so, is strict: one value, no comments, no trailing commas. Default: `yaml`. */
  readonly format?: 'yaml' | 'json';
  readonly limits?: Partial<YamlLimits>;
}

/** A file, as far as it could be read. */
export interface ParsedFile {
  /** Those that are sound; in the order of the file. */
  readonly documents: readonly ParsedDocument[];
  /** Errors and warnings in the order of the file; of each kind at most {@link MAX_PROBLEMS}. */
  readonly problems: readonly YamlProblem[];
  /** There is an error: at least one document is missing. */
  readonly broken: boolean;
}

/** A document that holds something: comments alone, and `null`, are left out but counted. */
export interface ParsedDocument extends Position {
  /** Position in the file, from 0. */
  readonly index: number;
  /** What kubectl would read; see `docs/yaml.md` for the few differences. */
  readonly value: JsonValue;
}

/** What is wrong at one place; the caller knows the file. Names keys, never values. */
export interface YamlProblem extends Position {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly help?: string;
}

/** More of one kind help nobody; the last one kept says how many there were. */
export const MAX_PROBLEMS = 50;

/** Reads a YAML or JSON file, given as text or as its bytes. Never throws: whatever is wrong with it is in the result. */
export function parseYaml(content: string | Uint8Array, options: ParseOptions = {}): ParsedFile {
  const limits = { ...YAML_LIMITS, ...options.limits };
  const read = readText(content, limits);
  const text = read.state === 'text' ? read.text : read.seen;
  const position = positionsOf(text);
  const problems = collectProblems(position);
  if (read.state === 'refused') {
    problems.add(read.finding);
    return { documents: [], ...problems.result() };
  }
  const place = (offset: number): string => formatPosition(position(offset));
  const file: FileState = { text, limits, report: problems.add, place, aliases: 0, expansion: 0, refused: false };
  const roots = options.format === 'json' ? readJson(file) : readYaml(file);
  const documents = roots.flatMap((root, index) => readDocument(file, position, root, index));
  return { documents, ...problems.result() };
}

/** The roots of all documents, undefined where a document is broken. */
function readYaml({ text, limits, report }: FileState): readonly (YamlNode | undefined)[] {
  const { documents, findings } = splitDocuments(text, limits.maxDocuments);
  findings.forEach(report);
  const bad = new Set(findings.map((finding) => finding.offset));
  return documents.map((document) => {
    if (bad.has(document.start)) return undefined;
    const composed = composeDocument(document, limits.maxDepth);
    if (composed.state === 'composed') return composed.root;
    report(composed.finding);
    return undefined;
  });
}

function readJson({ text, limits, report }: FileState): readonly (YamlNode | undefined)[] {
  const parsed = parseJsonText(text, limits.maxDepth);
  if (parsed.state === 'parsed') return [parsed.root];
  report(parsed.finding);
  return [];
}

function readDocument(
  file: FileState,
  position: (offset: number) => Position,
  root: YamlNode | undefined,
  index: number,
): readonly ParsedDocument[] {
  const value = root === undefined ? undefined : convertDocument(file, root);
  return root === undefined || value == null ? [] : [{ index, value, ...position(root.start) }];
}

interface ProblemCollector {
  readonly add: (finding: Finding) => void;
  readonly result: () => Pick<ParsedFile, 'problems' | 'broken'>;
}

/** Keeps the first {@link MAX_PROBLEMS} of each severity: a file can hold one for every character. */
function collectProblems(position: (offset: number) => Position): ProblemCollector {
  const kept: Record<Severity, Finding[]> = { error: [], warning: [] };
  const dropped = { error: 0, warning: 0 };
  const named = (severity: Severity): readonly Finding[] => {
    const more = dropped[severity];
    if (more === 0) return kept[severity];
    return kept[severity].map((finding, index) =>
      index < MAX_PROBLEMS - 1
        ? finding
        : { ...finding, message: `${finding.message} (and ${more} more in this file)` },
    );
  };
  return {
    add: (finding) => {
      if (kept[finding.severity].length < MAX_PROBLEMS) kept[finding.severity].push(finding);
      else dropped[finding.severity] += 1;
    },
    result: () => ({
      problems: [...named('error'), ...named('warning')]
        .sort((a, b) => a.offset - b.offset)
        .map((finding) => toProblem(finding, position)),
      broken: kept.error.length > 0,
    }),
  };
}

function toProblem({ offset, ...finding }: Finding, position: (offset: number) => Position): YamlProblem {
  return { ...finding, ...position(offset) };
}
