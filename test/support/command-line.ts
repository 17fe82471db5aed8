/** The command line in this process: a call costs milliseconds, not the start of a program. */
import { runCommandLine } from '../../src/cli/command-line.ts';

/** What a command said, and how it ended. */
export interface CommandOutput {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `muster` with these words and this environment, and nothing else of ours. */
export async function runCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandOutput> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    env,
    errIsTerminal: false,
    colour: false,
  };
  const code = await runCommandLine(argv, io, new AbortController().signal);
  return { code, out, err };
}
