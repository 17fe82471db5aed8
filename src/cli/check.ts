import type { Diagnostic } from '../model/diagnostic.ts';
import { findRepository } from '../source/git/local.ts';
import { hasErrors, printDiagnostics, toOutput } from './diagnostics.ts';
import { loadFleet } from './load-fleet.ts';
import { printDocument } from './print-document.ts';
import type { Verb } from './verb.ts';

export const checkVerb: Verb = {
  name: 'check',
  operands: '[DIR]',
  maxOperands: 1,
  summary: 'find everything that is wrong, for every cluster',
  description:
    'Runs every rule for every cluster and prints all that is wrong, worst first. Reads the files as they lie in DIR\n(default: here), or a commit with --revision. It asks no cluster.',
  options: ['revision', 'output', 'cache', 'renderMemory', 'renderTimeout', 'help'],
  formats: ['text', 'json', 'github', 'sarif'],
  exits: { 0: 'no errors; there may be warnings', 1: 'there are errors', 2: 'it could not be read' },
  examples: [
    ['muster check', 'before a commit'],
    ['muster check -o github', 'annotations in a workflow of GitHub'],
    ['muster check -o sarif > muster.sarif', 'for code scanning'],
  ],
  run: async ({ operands, settings, format, io }) => {
    const result = await loadFleet(operands[0] ?? '.', settings.text('revision'), settings);
    const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
    const count = (severity: Diagnostic['severity']): number =>
      diagnostics.filter((each) => each.severity === severity).length;
    if (format === 'text') io.out(printDiagnostics(diagnostics));
    else if (format === 'json') io.out(printDocument('Check', { diagnostics: diagnostics.map(toOutput) }));
    else {
      const inRepository = await fromRoot(operands[0] ?? '.', diagnostics);
      io.out(
        format === 'github'
          ? inRepository.map(printAnnotation).join('')
          : `${JSON.stringify(toSarif(inRepository), undefined, 2)}\n`,
      );
    }
    const clusters =
      result.state === 'rendered' ? `${result.fleet.clusters.length} clusters, ${result.fleet.apps.length} apps: ` : '';
    io.err(`${clusters}${count('error')} errors, ${count('warning')} warnings\n`);
    return hasErrors(diagnostics) ? 1 : 0;
  },
};

/** With paths as the repository has them: others look there, and the fleet may lie in a folder of it. */
async function fromRoot(directory: string, diagnostics: readonly Diagnostic[]): Promise<readonly Diagnostic[]> {
  const prefix = (await findRepository(directory))?.prefix ?? '';
  if (prefix === '') return diagnostics;
  return diagnostics.map((each) => ({ ...each, origin: { ...each.origin, file: `${prefix}/${each.origin.file}` } }));
}

/** A workflow command of GitHub. Values from the repository are escaped, or a file name could give commands. */
function printAnnotation({ code, severity, message, help, origin }: Diagnostic): string {
  const text = `${code}: ${message}${help === undefined ? '' : `. ${help}`}`;
  const property = (value: string): string => escapeData(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${severity} file=${property(origin.file)},line=${origin.line},col=${origin.column}::${escapeData(text)}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** SARIF 2.1.0: the form of code scanning. */
function toSarif(diagnostics: readonly Diagnostic[]): object {
  const rules = [...new Set(diagnostics.map((each) => each.code))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'muster', informationUri: 'https://muster.dev', rules: rules.map((id) => ({ id })) } },
        results: diagnostics.map(({ code, severity, message, help, origin }) => ({
          ruleId: code,
          level: severity,
          message: { text: help === undefined ? message : `${message}. ${help}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(origin.file) },
                region: { startLine: origin.line, startColumn: origin.column },
              },
            },
          ],
        })),
      },
    ],
  };
}
