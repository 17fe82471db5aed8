import type { OptionName, Settings } from '../settings.ts';

/** One command: `muster NAME`. Its file is in this folder, its line in `verbs.ts`. */
export interface Verb {
  readonly name: string;
  /** What follows the name: `[DIR]`. */
  readonly operands: string;
  /** Longest list of operands. */
  readonly maxOperands: number;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** A few lines for its own help: what it does to whom, and when to use which flag. */
  readonly description: string;
  readonly options: readonly OptionName[];
  /** Values of `-o`, the first being the default; empty: the verb has no `-o`. */
  readonly formats: readonly string[];
  /** What each exit code means. */
  readonly exits: Readonly<Record<number, string>>;
  /** Commands that a person can paste, each with what it is for. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  run(call: VerbCall): Promise<number>;
}

/** One call of a verb. */
export interface VerbCall {
  readonly operands: readonly string[];
  readonly settings: Settings;
  readonly format: string;
  readonly io: Io;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** The process around a command. Data goes to `out`, everything said about it to `err`. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly errIsTerminal: boolean;
  /** Of that terminal, in characters, as it is now; absent, or 0: not known. */
  readonly size?: () => { readonly columns?: number; readonly rows?: number };
  /** Colours are wanted on `err`. */
  readonly colour: boolean;
}
