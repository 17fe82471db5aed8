/** Test support: a fleet with files of other federations, and the same fleet with our own in their place. */
import { convertApps } from '../../src/cli/convert.ts';
import { printYamlDocuments } from '../../src/yaml/print.ts';
import { configOf, renderedOf, snapshotOf, type TestFiles } from '../support/fleet-files.ts';

/** The files after `muster convert`, with those of the other federations removed. */
export function convert(files: TestFiles): TestFiles {
  const own = Object.entries(files).filter(([path, text]) => !isForeign(path, text));
  const converted = convertApps(configOf(files).apps, snapshotOf(files)).map(
    ({ path, documents }) => [path, printYamlDocuments(documents)] as const,
  );
  return Object.fromEntries([...own, ...converted]);
}

/** The digest of each cluster. */
export function digests(files: TestFiles): Readonly<Record<string, string>> {
  return Object.fromEntries(renderedOf(files).clusters.map(({ cluster, digest }) => [cluster.name, digest]));
}

function isForeign(path: string, text: TestFiles[string]): boolean {
  return (
    path.startsWith('policies/') || (typeof text === 'string' && /^apiVersion: .*(karmada|kubefed)\.io/.test(text))
  );
}
