import { parseArgs } from 'node:util';
import { PortError } from '../model/errors.ts';
import { showOnOneLine } from '../object/hidden.ts';
import { nearestName } from '../object/nearest.ts';
import { type Option, OPTIONS, readSettings, type Settings, UsageError } from '../settings.ts';
import { VERSION } from '../version.ts';
import { printHelp, printOverview } from './help.ts';
import type { Io, Verb } from './verb.ts';
import { VERBS } from './verbs.ts';

/**
 * Runs one command line, without the name of the program: finds the verb, reads its flags, runs it. Resolves with the exit
 * code. Every way a command can end is here; what it throws is a bug of ours.
 */
export async function runCommandLine(argv: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  try {
    return await runNamed(argv, io, signal);
  } catch (error) {
    if (error instanceof UsageError) io.err(`muster: ${error.message}\n`);
    else if (error instanceof PortError)
      io.err(`muster: ${showOnOneLine(`${error.operation} ${error.subject}: ${error.code}: ${error.safeMessage}`)}\n`);
    else if (signal.aborted) io.err('muster: stopped\n');
    else throw error;
    return 2;
  }
}

async function runNamed([name, ...rest]: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  switch (name) {
    case undefined:
      // Asked for nothing, so it is no data: a pipe gets none.
      io.err(printOverview(VERBS));
      return 2;
    case 'help':
    case '--help':
    case '-h':
      io.out(rest[0] === undefined ? printOverview(VERBS) : printHelp(findVerb(rest[0])));
      return 0;
    case 'version':
    case '--version':
      io.out(`muster ${VERSION}\n`);
      return 0;
    default:
      return runVerb(findVerb(name), rest, io, signal);
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
  checkValues(verb, settings);
  return verb.run({ operands: positionals, settings, format: formatOf(verb, settings), io, signal });
}

function findVerb(name: string): Verb {
  const names = VERBS.map((each) => each.name);
  const verb = VERBS.find((each) => each.name === name);
  if (verb !== undefined) return verb;
  throw new UsageError(`there is no verb "${name}". ${suggest(name, names, 'See "muster --help".')}`);
}

function formatOf(verb: Verb, settings: Settings): string {
  const format = settings.text('output') ?? verb.formats[0] ?? '';
  if (verb.formats.includes(format) || format === '') return format;
  const all = `It has: ${verb.formats.join(', ')}.`;
  throw new UsageError(`${verb.name} has no output format "${format}". ${suggest(format, verb.formats, all)}`);
}

/** Times and counts, before anything is opened: a mistyped one is not found out an hour later, where it is first used. */
function checkValues(verb: Verb, settings: Settings): void {
  for (const name of verb.options) {
    const option: Option = OPTIONS[name];
    if (option.value === 'TIME') settings.duration(name);
    else if (option.value === 'MIB') settings.count(name);
  }
}

interface Flags {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

function parseFlags(verb: Verb, argv: readonly string[]): Flags {
  const known = new Map(verb.options.map((name): readonly [string, Option] => [OPTIONS[name].flag, OPTIONS[name]]));
  const options = Object.fromEntries(
    [...known].map(([flag, { value, short, multiple }]) => {
      const type = value === undefined ? ('boolean' as const) : ('string' as const);
      return [flag, { type, multiple: multiple ?? false, ...(short === undefined ? {} : { short }) }];
    }),
  );
  // Not strict: what is wrong is said below, in our own words, because those of Node.js tell no nearest name.
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const problem = problemOf(token, known);
    if (problem !== undefined) throw new UsageError(`${verb.name}: ${problem} See "muster ${verb.name} --help".`);
  }
  return { values, positionals };
}

/** One flag as it was written. */
interface FlagToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function problemOf({ name, rawName, value, inlineValue }: FlagToken, known: Map<string, Option>): string | undefined {
  const option = known.get(name);
  if (option === undefined) {
    const flags = [...known.keys()].map((flag) => `--${flag}`);
    return [`there is no flag "${rawName}".`, suggest(rawName, flags, '')].join(' ').trimEnd();
  }
  if (option.value === undefined) return value === undefined ? undefined : `the flag "${rawName}" takes no value.`;
  // "--app --cluster eu" is an app that was forgotten; one whose name begins so is written --app=--cluster.
  const forgotten = value === undefined || (value.startsWith('-') && inlineValue !== true);
  return forgotten ? `the flag "${rawName}" needs a value: ${rawName} ${option.value}.` : undefined;
}

function suggest(wrong: string, candidates: readonly string[], otherwise: string): string {
  const nearest = nearestName(wrong, candidates);
  return nearest === undefined ? otherwise : `Did you mean "${nearest}"?`;
}
