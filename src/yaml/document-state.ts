import type { DiagnosticCode } from '../model/diagnostic.ts';
import type { JsonValue } from '../model/json.ts';
import { errorAt, type Finding } from './finding.ts';
import type { YamlLimits } from './limits.ts';
import type { YamlNode } from './node.ts';

/** What the documents of one file share while they are converted. */
export interface FileState {
  /** The whole file; offsets of nodes count in it. */
  readonly text: string;
  readonly limits: YamlLimits;
  readonly report: (finding: Finding) => void;
  /** `3:5`: where a message names a second place. */
  readonly place: (offset: number) => string;
  /** Spent so far, in all documents: see {@link YamlLimits}. */
  aliases: number;
  expansion: number;
  /** One of the two was exceeded, and that was reported. */
  refused: boolean;
}

export interface DocumentState {
  readonly file: FileState;
  /** The latest of each name: an alias means the one before it. */
  readonly anchors: Map<string, Anchor>;
  /** Of all values so far, as {@link YamlLimits.maxExpansion} counts. */
  weight: number;
  /** An error was found, and null stands in the place of what has no value. */
  failed: boolean;
}

/** `value` is undefined while it is being read: an alias to it then would hold itself. */
export interface Anchor {
  readonly value: JsonValue | undefined;
  readonly weight: number;
}

/** As {@link YamlLimits.maxExpansion} counts. */
export function weightOf(text: string): number {
  return 1 + (text.length >> 6);
}

/** Reports an error, and gives what stands in the place of the value. */
export function fail(state: DocumentState, finding: Finding): null {
  state.failed = true;
  state.file.report(finding);
  return null;
}

/** The same for a node that has no JSON value. */
export function failAt(state: DocumentState, node: YamlNode, message: string, help?: string): null {
  return fail(state, errorAt(node.start, 'YAML_VALUE', message, help));
}

export function warnAt(
  state: DocumentState,
  node: YamlNode,
  code: DiagnosticCode,
  message: string,
  help: string,
): void {
  state.file.report({ code, severity: 'warning', message, help, offset: node.start });
}
