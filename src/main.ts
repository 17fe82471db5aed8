import { runCommandLine } from './cli/command-line.ts';
import { describeBug } from './cli/describe-bug.ts';
import type { Io } from './cli/verb.ts';
import { TOKEN_VARIABLES } from './settings.ts';

const io = processIo();
// Node.js would print the message and the line of code, and end with 1, which means something else with most verbs.
process.on('uncaughtException', (error) => {
  io.err(`muster: this is a bug in Muster: ${describeBug(error)}\n`);
  process.exit(2);
});
process.exitCode = await runCommandLine(process.argv.slice(2), io, stopSignal());

function processIo(): Io {
  // A reader that went away (`muster render | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: takeEnvironment(),
    errIsTerminal: process.stderr.isTTY,
    size: () => ({ columns: process.stderr.columns, rows: process.stderr.rows }),
    colour: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
  };
}

/**
 * The environment, and out of the process's own the tokens are taken: programs that are started (a kubeconfig may name
 * some) and reports of crashes that Node.js writes have the rest.
 */
function takeEnvironment(): Io['env'] {
  const env = { ...process.env };
  for (const name of TOKEN_VARIABLES) delete process.env[name];
  return env;
}

/** The first Ctrl-C or SIGTERM asks to end, the second ends. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  }
  return stop.signal;
}
