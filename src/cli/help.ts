import { type Option, OPTIONS } from '../settings.ts';
import type { Verb } from './verb.ts';

/** `muster --help`. */
export function printOverview(verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  const lines = verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`);
  return [
    'Muster keeps a fleet of Kubernetes clusters as one Git repository says.',
    '',
    'Usage: muster VERB [OPTIONS]',
    '',
    ...lines,
    '',
    '"muster VERB --help" says more, "muster --version" which one this is. Data goes to standard output, everything else to\nstandard error.',
    '',
  ].join('\n');
}

/** `muster VERB --help`. */
export function printHelp(verb: Verb): string {
  const options = verb.options.map((name) => describeOption(OPTIONS[name], verb));
  const width = Math.min(34, Math.max(...options.map(([flag]) => flag.length)));
  return [
    `Usage: muster ${verb.name} ${verb.operands} [OPTIONS]`.replace(/ +/g, ' '),
    '',
    verb.description,
    '',
    'Options:',
    ...options.map(([flag, doc]) =>
      flag.length > width ? `  ${flag}\n  ${' '.repeat(width)}  ${doc}` : `  ${flag.padEnd(width)}  ${doc}`,
    ),
    '',
    'Exit codes:',
    ...Object.entries({ ...verb.exits, 2: verb.exits[2] ?? 'the command line could not be understood' }).map(
      ([code, what]) => `  ${code}  ${what}`,
    ),
    '',
    'Examples:',
    ...verb.examples.map(([command, what]) => `  ${command}\n      ${what}`),
    '',
  ].join('\n');
}

function describeOption(option: Option, verb: Verb): readonly [flag: string, doc: string] {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const flag = `${short}--${option.flag}${option.value === undefined ? '' : ` ${option.value}`}`;
  const notes = [
    ...(option.flag === 'output' ? [`${verb.formats.join(', ')}; default: ${verb.formats[0] ?? ''}`] : []),
    ...(option.multiple === true ? ['can be repeated'] : []),
    ...(option.env === undefined ? [] : [`or ${option.env}`]),
    ...(option.fallback === undefined || option.fallback.length > 40 ? [] : [`default: ${option.fallback}`]),
  ];
  return [flag, `${option.doc}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`];
}
