import type { Diagnostic, DiagnosticCode } from '../model/diagnostic.ts';
import type { RendererContext } from '../model/extensions.ts';
import type { DocumentSource } from '../model/fleet.ts';
import type { JsonValue } from '../model/json.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { withoutCredentials } from '../object/address.ts';
import { at, isList, listAt, textAt } from '../object/json.ts';
import { createNearest } from '../object/nearest.ts';
import { formatPointer } from '../object/pointer.ts';
import { valueAt } from '../object/value-at.ts';
import { isManifestFile } from '../read-file.ts';
import { exists, folderOf, foldersOf, isKustomization, resolvePath, withoutKey } from './kustomization-files.ts';

/**
 * What the files of a base ask for and cannot have, at its line: something from elsewhere, or another program. kustomize
 * refuses most of it too, but late, in other words, and for addresses of this machine not at all. A file that we read
 * otherwise than kustomize could slip through, so that one that we cannot read is an error here.
 */
export function checkKustomization(file: RegularFile, context: RendererContext): readonly Diagnostic[] {
  const kustomization = isKustomization(file.path);
  if (!kustomization && !mayBePlugin(file)) return [];
  const { documents, diagnostics } = context.read(file);
  const found = documents.flatMap((value, document): readonly Diagnostic[] => {
    const source: DocumentSource = { file: file.path, line: 1, column: 1, document, pointer: '' };
    const findings = kustomization
      ? [...checkFeatures(value), ...pathsOf(value).flatMap((path) => checkPath(path, file, context.all))]
      : checkPlugin(value);
    return findings.map(({ pointer, ...rest }) => {
      return { severity: 'error', ...rest, origin: context.locate(source, pointer, 'value') };
    });
  });
  return [...(kustomization ? diagnostics : []), ...found];
}

interface Finding {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help: string;
  readonly pointer: string;
}

interface PathAt {
  readonly path: string;
  readonly pointer: string;
}

/** Fields whose items are files or folders, or some of them a document in itself. */
const LISTS = [
  'resources',
  'bases',
  'components',
  'crds',
  'configurations',
  'generators',
  'transformers',
  'validators',
  'patchesStrategicMerge',
];
/** Fields whose items have files in a field of their own. */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  patches: ['path'],
  patchesJson6902: ['path'],
  replacements: ['path'],
  configMapGenerator: ['files', 'envs', 'env'],
  secretGenerator: ['files', 'envs', 'env'],
};
const CHARTS = ['helmCharts', 'helmChartInflationGenerator'];

function pathsOf(value: JsonValue): readonly PathAt[] {
  const direct = LISTS.flatMap((field) => textsAt(value, [field]));
  const nested = Object.entries(NESTED).flatMap(([field, keys]) =>
    listAt(value, field).flatMap((_item, index) => keys.flatMap((key) => textsAt(value, [field, String(index), key]))),
  );
  return [...direct, ...nested, ...textsAt(value, ['openapi', 'path'])];
}

/** The text at a path, or the texts of the list there. */
function textsAt(value: JsonValue, path: readonly string[]): readonly PathAt[] {
  const found = valueAt(value, path);
  const texts = isList(found) ? found : [found];
  return texts.flatMap((text, index) => {
    if (typeof text !== 'string') return [];
    return [{ path: text, pointer: formatPointer(isList(found) ? [...path, String(index)] : path) }];
  });
}

function checkPath(
  { path: text, pointer }: PathAt,
  file: RegularFile,
  all: RendererContext['all'],
): readonly Finding[] {
  // A patch or a generator may stand there itself.
  if (/\n|^\s*\{|:\s/.test(text.trim())) return checkInline(text, pointer);
  const path = /\/files(\/\d+)?$/.test(pointer) ? withoutKey(text) : text;
  const resolved = resolvePath(folderOf(file.path), path);
  if (resolved !== undefined && resolved !== '' && exists(resolved, all)) return [];
  if (isRemote(path)) {
    const help = 'Commit a copy, and name its folder here.';
    return [{ code: 'REMOTE_BASE', message: `"${shown(path)}" is fetched from elsewhere`, help, pointer }];
  }
  if (resolved === undefined || resolved === '') {
    const help = 'Move what it leads to into the base, or beside it below apps/.';
    return [{ code: 'REMOTE_BASE', message: `"${shown(path)}" leads out of the fleet`, help, pointer }];
  }
  const near = nearestPathIn(all)(resolved);
  const help = near === undefined ? 'Paths count from the folder of the kustomization.' : `Did you mean "${near}"?`;
  return [{ code: 'UNKNOWN_NAME', message: `there is no file or folder "${resolved}"`, help, pointer }];
}

/** Of all kustomizations of a revision together, which may have very many paths that lead nowhere. */
function nearestPathIn(all: RendererContext['all']): (wrong: string) => string | undefined {
  const known = NEAREST.get(all);
  if (known !== undefined) return known;
  const paths = [...all.keys(), ...foldersOf(all).keys()];
  const nearest = createNearest(200_000);
  const find = (wrong: string): string | undefined => nearest(wrong, () => paths);
  NEAREST.set(all, find);
  return find;
}

const NEAREST = new WeakMap<RendererContext['all'], (wrong: string) => string | undefined>();

/** What kustomize takes for a repository or an address (its documentation, "remote targets"). */
function isRemote(path: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*::|^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@[\w.-]+:|^(github\.com|gitlab\.com|bitbucket\.org)[/:]/i.test(
      path,
    ) || /[?&](ref|version|timeout|submodules)=|\.git(\/|\?|$)|^[\w-]+(\.[\w-]+)*\.(com|org|io|net|dev)\//i.test(path)
  );
}

/** A document in a text, such as a transformer: its own paths are no texts that we can point at. */
function checkInline(text: string, pointer: string): readonly Finding[] {
  if (!/\b[a-z][a-z0-9+.-]*:\/\//i.test(text) || !/^\/(generators|transformers|validators)\//.test(pointer)) return [];
  const help = 'Commit a copy of what it leads to, and name that.';
  return [{ code: 'REMOTE_BASE', message: 'a generator in this text leads elsewhere', help, pointer }];
}

/** Configuration of a generator or transformer that is part of kustomize. */
function mayBePlugin(file: RegularFile): boolean {
  return isManifestFile(file.path) && /apiVersion["']?\s*:\s*["']?builtin/.test(new TextDecoder().decode(file.bytes));
}

function checkPlugin(value: JsonValue): readonly Finding[] {
  if (textAt(value, 'apiVersion') !== 'builtin') return [];
  const kind = textAt(value, 'kind') ?? '';
  if (kind.startsWith('HelmChart')) return [withHelm(kind, '/kind')];
  const direct = ['path', 'paths', 'files', 'envs', 'env'].flatMap((key) => textsAt(value, [key]));
  const nested = listAt(value, 'replacements').flatMap((_item, index) =>
    textsAt(value, ['replacements', String(index), 'path']),
  );
  return [...direct, ...nested].flatMap(({ path, pointer }) => {
    if (!isRemote(withoutKey(path))) return [];
    const help = 'Commit a copy, and name that.';
    return [{ code: 'REMOTE_BASE', message: `"${shown(path)}" is fetched from elsewhere`, help, pointer }];
  });
}

function checkFeatures(value: JsonValue): readonly Finding[] {
  return CHARTS.filter((field) => at(value, field) !== undefined).map((field) => withHelm(field, `/${field}`));
}

function withHelm(what: string, pointer: string): Finding {
  const help = 'Make the chart an app of its own: its files in base/, and values in apps/NAME/values.yaml.';
  return { code: 'NOT_SUPPORTED', message: `${what} starts Helm inside of kustomize`, help, pointer };
}

function shown(path: string): string {
  return withoutCredentials(path).slice(0, 200);
}
