import type { Diagnostic } from '../model/diagnostic.ts';
import type { RendererContext } from '../model/extensions.ts';
import type { DocumentSource } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isList, isObject, listAt, parseJson, textAt } from '../object/json.ts';
import { startOf } from './pending-base.ts';

/** What a chart needs and the repository does not have: other charts, and schemas from elsewhere. */
export function checkChart(
  chart: RegularFile,
  files: readonly RegularFile[],
  context: RendererContext,
): readonly Diagnostic[] {
  const { documents, diagnostics } = context.read(chart);
  const [value] = documents;
  return [
    ...diagnostics,
    ...checkDependencies(value, chart, files, context),
    ...files.flatMap(checkSchema),
    ...files.flatMap(warnOfOldHook),
  ];
}

/** Helm looks for each in `charts/`, unpacked or packed. */
function checkDependencies(
  value: JsonValue | undefined,
  chart: RegularFile,
  files: readonly RegularFile[],
  { root, locate }: RendererContext,
): readonly Diagnostic[] {
  const source: DocumentSource = { file: chart.path, line: 1, column: 1, document: 0, pointer: '' };
  return listAt(value, 'dependencies').flatMap((dependency, index): readonly Diagnostic[] => {
    const name = textAt(dependency, 'name') ?? '';
    const here = `${root}/charts/${name}`;
    const vendored = files.some(
      ({ path }) => path === `${here}/Chart.yaml` || (path.startsWith(`${here}-`) && path.endsWith('.tgz')),
    );
    if (name === '' || vendored) return [];
    const message = `the chart needs the chart "${name}", which is not in ${root}/charts/`;
    const help = `Run "helm dependency update ${root}" and commit ${root}/charts/.`;
    const origin = locate(source, `/dependencies/${index}`, 'value');
    return [{ code: 'REMOTE_BASE', severity: 'error', message, help, origin }];
  });
}

/** A hook of Helm 2 only: what it marks is in no output that we could look at. */
function warnOfOldHook(file: RegularFile): readonly Diagnostic[] {
  if (!file.path.includes('/templates/')) return [];
  if (!/helm\.sh\/hook["']?\s*:\s*["']?crd-install/.test(new TextDecoder().decode(file.bytes))) return [];
  const message = 'Helm 3 leaves out what the hook crd-install marks';
  const help = 'Move the definition to the folder crds/ of the chart.';
  return [{ code: 'NOT_SUPPORTED', severity: 'warning', message, help, origin: startOf(file) }];
}

/** Helm would fetch a schema that is named by an address, or read it from the disk. */
function checkSchema(file: RegularFile): readonly Diagnostic[] {
  if (!file.path.endsWith('/values.schema.json')) return [];
  const address = remoteSchema(new TextDecoder().decode(file.bytes));
  if (address === undefined) return [];
  const message = `the schema refers to "${address}", which Helm would have to fetch`;
  const help = 'Copy what it refers to into the same file.';
  return [{ code: 'REMOTE_BASE', severity: 'error', message, help, origin: startOf(file) }];
}

/**
 * The first reference of a JSON schema that leaves its file; `undefined` also for what is no JSON, which Helm refuses. Helm reads
 * deeper than we do, so that what is too deep for us is taken for a reference. `$schema` of json-schema.org is built in.
 */
export function remoteSchema(text: string): string | undefined {
  try {
    return findReference(parseJson(text));
  } catch (error) {
    return error instanceof SyntaxError ? undefined : '(nested too deeply to be read)';
  }
}

function findReference(value: JsonValue): string | undefined {
  if (isList(value)) return first(value, findReference);
  if (!isObject(value)) return undefined;
  return first(Object.entries(value), ([key, item]) => {
    const refers = ['$ref', '$dynamicRef', '$recursiveRef', '$schema'].includes(key) && typeof item === 'string';
    if (!refers) return findReference(item);
    const builtIn = key === '$schema' && /^https?:\/\/json-schema\.org\//.test(item);
    return item.startsWith('#') || item === '' || builtIn ? undefined : item.slice(0, 200);
  });
}

function first<Item>(items: readonly Item[], find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
