import type { Diagnostic, DiagnosticCode } from '../model/diagnostic.ts';
import type { Expansion } from '../model/extensions.ts';
import type { BaseManifest, DocumentSource } from '../model/fleet.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Locate } from '../model/locate.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isList, isObject, textAt } from '../object/json.ts';
import type { ReadFile } from '../read-file.ts';
import { findCredentials } from './find-credentials.ts';

/** The Kubernetes objects of one plain file; a `List` is unfolded. */
export function parseManifests(file: RegularFile, read: ReadFile, locate: Locate): Expansion {
  const parsed = read(file);
  const diagnostics: Diagnostic[] = parsed.problems.map(({ line, column, ...problem }) => ({
    ...problem,
    origin: { file: file.path, line, column },
  }));
  const manifests = parsed.documents.flatMap(({ value, index, line, column }) => {
    const source = { file: file.path, line, column, document: index, pointer: '' };
    return unfold(value, source, locate, diagnostics);
  });
  return { manifests, diagnostics };
}

function unfold(
  value: JsonValue,
  source: DocumentSource,
  locate: Locate,
  diagnostics: Diagnostic[],
): readonly BaseManifest[] {
  const items = isObject(value) && isListKind(value['kind']) ? value['items'] : undefined;
  if (isList(items)) {
    return items.flatMap((item, index) => {
      const pointer = `${source.pointer}/items/${index}`;
      const place = locate(source, `/items/${index}`, 'value');
      return unfold(item, { ...source, ...place, pointer }, locate, diagnostics);
    });
  }
  const wrong = shapeProblem(value);
  if (wrong === undefined && isObject(value)) {
    diagnostics.push(...warnOfCredentials(value, source, locate));
    return [{ body: value, source }];
  }
  const { code, message, help, pointer } = wrong ?? NOT_A_MAP;
  diagnostics.push({ code, severity: 'error', message, help, origin: locate(source, pointer, 'value') });
  return [];
}

/** A Secret is warned of as a whole, later; elsewhere nobody would look. */
function warnOfCredentials(body: JsonObject, source: DocumentSource, locate: Locate): readonly Diagnostic[] {
  if (body['kind'] === 'Secret') return [];
  return findCredentials(body).map(({ what, pointer }) => ({
    code: 'PLAIN_SECRET',
    severity: 'warning',
    message: `this looks like ${what}, in clear text`,
    help: 'Use a sealed or external secret, and change what was committed.',
    origin: locate(source, pointer, 'value'),
  }));
}

interface ShapeProblem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help: string;
  readonly pointer: string;
}

const NOT_A_MAP: ShapeProblem = {
  code: 'NOT_A_MANIFEST',
  message: 'the document is no map, so it is no Kubernetes object',
  help: 'Begin it with apiVersion, kind and metadata, or move the file out of the app.',
  pointer: '',
};

function shapeProblem(value: JsonValue): ShapeProblem | undefined {
  if (!isObject(value)) return NOT_A_MAP;
  for (const path of [['apiVersion'], ['kind'], ['metadata', 'name']]) {
    const name = path.join('.');
    if (name === 'metadata.name' && textAt(value, 'metadata', 'generateName') !== undefined) continue;
    const found = textAt(value, ...path);
    if (found !== undefined && found !== '') continue;
    const parent = value['metadata'];
    const pointer =
      name === 'metadata.name' ? (isObject(parent) && 'name' in parent ? '/metadata/name' : '/metadata') : `/${name}`;
    return {
      code: 'NOT_A_MANIFEST',
      message: `${name} is missing or is no text, so this is no Kubernetes object`,
      help: `Set ${name}.`,
      pointer,
    };
  }
  if (!/^([a-z0-9.-]+\/)?v[a-z0-9]+$/.test(textAt(value, 'apiVersion') ?? '')) {
    return {
      code: 'NOT_A_MANIFEST',
      message: `"${(textAt(value, 'apiVersion') ?? '').slice(0, 80)}" is no apiVersion`,
      help: 'Write v1, or group/v1.',
      pointer: '/apiVersion',
    };
  }
  return undefined;
}

/** `List` and typed lists such as `ConfigMapList`, as kubectl unfolds them. */
function isListKind(kind: JsonValue | undefined): boolean {
  return typeof kind === 'string' && kind.endsWith('List');
}
