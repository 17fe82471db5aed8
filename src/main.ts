import { parseArgs } from 'node:util';
import { printHelp, printOverview } from './cli/help.ts';
import type { Io, Verb } from './cli/verb.ts';
import { VERBS } from './cli/verbs.ts';
import { PortError } from './model/errors.ts';
import { nearestName } from './object/nearest.ts';
import { type Option, OPTIONS, readSettings, UsageError } from './settings.ts';

process.exitCode = await main(process.argv.slice(2));

/** Finds the verb, reads its flags, runs it. Every way a command can end is here. */
async function main(argv: readonly string[]): Promise<number> {
  const io = processIo();
  const stop = stopSignal();
  try {
    const [name, ...rest] = argv;
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      io.out(printOverview(VERBS));
      return name === undefined ? 2 : 0;
    }
    return await runVerb(findVerb(name), rest, io, stop);
  } catch (error) {
    if (error instanceof UsageError) io.err(`muster: ${error.message}\n`);
    else if (error instanceof PortError)
      io.err(`muster: ${error.operation} ${error.subject}: ${error.code}: ${error.safeMessage}\n`);
    else if (stop.aborted) io.err('muster: stopped\n');
    else throw error;
    return 2;
  }
}

async function runVerb(verb: Verb, argv: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseFlags(verb, argv);
  if (values['help'] === true) {
    io.out(printHelp(verb));
    return 0;
  }
  if (positionals.length > verb.maxOperands) {
    throw new UsageError(
      `${verb.name} takes ${verb.operands === '' ? 'no operands' : verb.operands}, and here are ${positionals.length}. See "muster ${verb.name} --help".`,
    );
  }
  const settings = readSettings(values, io.env);
  const format = settings.text('output') ?? verb.formats[0] ?? '';
  if (!verb.formats.includes(format) && format !== '') {
    throw new UsageError(`${verb.name} has no output format "${format}". It has: ${verb.formats.join(', ')}.`);
  }
  return verb.run({ operands: positionals, settings, format, io, signal });
}

function findVerb(name: string): Verb {
  const verb = VERBS.find((each) => each.name === name);
  if (verb !== undefined) return verb;
  const nearest = nearestName(
    name,
    VERBS.map((each) => each.name),
  );
  throw new UsageError(
    `there is no verb "${name}". ${nearest === undefined ? 'See "muster --help".' : `Did you mean "${nearest}"?`}`,
  );
}

function parseFlags(
  verb: Verb,
  argv: readonly string[],
): {
  readonly values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  readonly positionals: readonly string[];
} {
  const options = Object.fromEntries(
    verb.options.map((name) => {
      const option: Option = OPTIONS[name];
      const type = option.value === undefined ? ('boolean' as const) : ('string' as const);
      return [
        option.flag,
        { type, multiple: option.multiple ?? false, ...(option.short === undefined ? {} : { short: option.short }) },
      ];
    }),
  );
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    const wrong = /'(-[^' ]*)/.exec(error instanceof Error ? error.message : '')?.[1];
    const nearest =
      wrong === undefined
        ? undefined
        : nearestName(
            wrong,
            Object.keys(options).map((flag) => `--${flag}`),
          );
    const what =
      wrong === undefined ? 'its flags could not be understood' : `its flag "${wrong}" could not be understood`;
    throw new UsageError(
      `${verb.name}: ${what}. ${nearest === undefined || nearest === wrong ? `See "muster ${verb.name} --help".` : `Did you mean "${nearest}"?`}`,
    );
  }
}

function processIo(): Io {
  // A reader that went away (`muster render | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    errIsTerminal: process.stderr.isTTY,
    columns: process.stderr.columns,
    colour: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
  };
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
