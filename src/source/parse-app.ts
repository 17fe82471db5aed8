import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { Expansion } from '../model/extensions.ts';
import type { App, AppDefaults, Overlay, Placement } from '../model/fleet.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isManifestFile } from '../read-file.ts';
import { FIELD_MANAGER } from '../object/applyset.ts';
import { parseIgnore } from './parse-ignore.ts';
import { parseOverlay, parseOverlayFolder, sortOverlays } from './parse-overlay.ts';
import { parsePlacement } from './parse-placement.ts';
import {
  type OwnDocument,
  ownKindOf,
  type ParseContext,
  type RawDocument,
  readDocuments,
  readKind,
  refuseUnsupported,
  reportAt,
  reportUnexpected,
} from './read-kind.ts';
import type { Kind } from './schema.ts';

/** What this stage asks of the next: manifests from files. */
export interface ManifestReader {
  readonly expandBase: (app: string, files: readonly RegularFile[]) => Expansion;
  readonly parseManifests: (file: RegularFile) => Expansion;
}

/** How long an object of an app may be missing before that counts as failed. */
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/** Everything below one folder of `apps/`. An app is always there, even if nothing of it could be read. */
export function parseApp(
  folder: string,
  files: readonly RegularFile[],
  defaults: AppDefaults,
  reader: ManifestReader,
  outer: ParseContext,
): App {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  let broken = false;
  const report = (diagnostic: Diagnostic): void => {
    broken ||= diagnostic.severity === 'error';
    outer.report({ ...diagnostic, app: name });
  };
  const context: ParseContext = { ...outer, report };
  const origin: Origin = { file: files[0]?.path ?? folder, line: 1, column: 1 };
  if (!/^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/.test(name)) {
    report({
      code: 'BAD_NAME',
      severity: 'error',
      message: `"${name}" is no name of an app`,
      help: 'Name the folder with at most 50 lower-case letters, digits and "-".',
      origin,
    });
  }
  const inside = (part: string): readonly RegularFile[] =>
    files.filter((file) => file.path.startsWith(`${folder}/${part}/`));
  const own = readOwn(folder, files, ['App', 'Placement'], `apps/${name}/`, context);
  const settings = own.apps[0];
  reportSecond(own.apps, 'App', context);
  checkName(settings, name, context);
  reportStray(folder, files, context);
  const base = reader.expandBase(name, inside('base'));
  for (const diagnostic of base.diagnostics) report(diagnostic);
  const overlays = parseOverlays(folder, files, reader, context);
  for (const { body, source } of [base.manifests, ...overlays.map((overlay) => overlay.resources)].flat()) {
    const raw = { value: body, source };
    // A document of ours among the manifests would be sent to clusters, which do not know it.
    if (ownKindOf(raw) !== undefined) reportUnexpected(raw, [], 'a folder of manifests', context);
  }
  if (base.manifests.length === 0 && !broken && overlays.every((overlay) => overlay.resources.length === 0)) {
    report({
      code: 'EMPTY_APP',
      severity: 'warning',
      message: `app "${name}" has no manifests`,
      help: `Put them into apps/${name}/base/.`,
      origin,
    });
  }
  const placements = own.placements.map((each) => parsePlacement(each, context));
  reportNames(placements, 'placement', context);
  return {
    name,
    ...parseAppSettings(settings, defaults, context),
    base: base.manifests,
    placements,
    overlays,
    broken,
    origin,
  };
}

/** Manifests in a folder that nothing reads would be silently absent. */
function reportStray(folder: string, files: readonly RegularFile[], { report }: ParseContext): void {
  for (const file of files.filter((each) => isManifestFile(each.path))) {
    const [part, ...rest] = file.path.slice(folder.length + 1).split('/');
    if (rest.length === 0 || part === 'base' || part === 'overlays') continue;
    report({
      code: 'MISPLACED_FILE',
      severity: 'error',
      message: `nothing reads the folder "${part ?? ''}" of an app`,
      help: 'Manifests belong to base/, changes for some clusters to overlays/.',
      origin: { file: file.path, line: 1, column: 1 },
    });
  }
}

interface OwnDocuments {
  readonly apps: readonly OwnDocument<'App'>[];
  readonly placements: readonly OwnDocument<'Placement'>[];
  readonly overlays: readonly OwnDocument<'Overlay'>[];
}

/** Documents of ours in the files of one folder itself, not below it. Anything else there is an error. */
function readOwn(
  folder: string,
  files: readonly RegularFile[],
  expected: readonly Kind[],
  place: string,
  context: ParseContext,
): OwnDocuments {
  const own = {
    apps: [] as OwnDocument<'App'>[],
    placements: [] as OwnDocument<'Placement'>[],
    overlays: [] as OwnDocument<'Overlay'>[],
  };
  const add = <Item>(list: Item[], item: Item | undefined): void => void (item !== undefined && list.push(item));
  const readOne = (raw: RawDocument): void => {
    const kind = expected.find((each) => each === ownKindOf(raw));
    if (kind === 'App') add(own.apps, readKind(kind, raw, context));
    else if (kind === 'Placement') add(own.placements, readKind(kind, raw, context));
    else if (kind === 'Overlay') add(own.overlays, readKind(kind, raw, context));
    else reportUnexpected(raw, expected, place, context);
  };
  for (const file of files) {
    const direct = !file.path.slice(folder.length + 1).includes('/');
    if (direct && isManifestFile(file.path)) for (const raw of readDocuments(file, context)) readOne(raw);
  }
  return own;
}

function parseOverlays(
  folder: string,
  files: readonly RegularFile[],
  reader: ManifestReader,
  context: ParseContext,
): readonly Overlay[] {
  const root = `${folder}/overlays`;
  const below = files.filter((file) => file.path.startsWith(`${root}/`));
  const own = readOwn(root, below, ['Overlay'], `${root}/`, context);
  const nested = Map.groupBy(
    below.filter((file) => file.path.slice(root.length + 1).includes('/')),
    (file) => `${root}/${file.path.slice(root.length + 1).split('/')[0] ?? ''}`,
  );
  const folders = [...nested].map(([path, inner]) => parseOverlayFolder(path, inner, reader.parseManifests, context));
  const named = own.overlays.map((each) => parseOverlay(each, context));
  reportNames(named, 'overlay', context);
  return sortOverlays([...folders, ...named]);
}

function parseAppSettings(
  own: OwnDocument<'App'> | undefined,
  defaults: AppDefaults,
  context: ParseContext,
): Omit<App, 'name' | 'base' | 'placements' | 'overlays' | 'broken' | 'origin'> {
  const spec = own?.document.spec ?? {};
  if (own !== undefined) refuseUnsupported(spec, ['health'], own.source, context);
  return {
    ...(spec.namespace === undefined ? {} : { namespace: spec.namespace }),
    drift: spec.drift ?? defaults.drift,
    prune: spec.prune ?? defaults.prune,
    onUnplace: spec.onUnplace ?? defaults.onUnplace,
    suspend: spec.suspend ?? false,
    timeoutMs: spec.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(spec.timeout),
    unprotect: spec.unprotect ?? [],
    dependsOn: parseDependencies(own, context),
    adopt: own === undefined ? [] : parseAdopt(own, context),
    ignore: own === undefined ? [] : parseIgnore(own, context),
  };
}

function parseAdopt({ document, source }: OwnDocument<'App'>, context: ParseContext): readonly string[] {
  const managers = document.spec.adopt ?? [];
  if (managers.includes(FIELD_MANAGER)) {
    const message = `"${FIELD_MANAGER}" is Muster itself`;
    const help = 'Name the field managers of the tool that had the objects before.';
    reportAt(source, `/spec/adopt/${managers.indexOf(FIELD_MANAGER)}`, { code: 'BAD_VALUE', message, help }, context);
  }
  return managers;
}

function parseDependencies(own: OwnDocument<'App'> | undefined, { locate }: ParseContext): App['dependsOn'] {
  if (own === undefined) return [];
  const { document, source } = own;
  return (document.spec.dependsOn ?? []).map((app, index) => ({
    app,
    origin: locate(source, `/spec/dependsOn/${index}`, 'value'),
  }));
}

/** Of the form that the schema checked: `30s`, `5m`. */
function parseDuration(text: string): number {
  const unit = text.replace(/^\d+/, '');
  return Number.parseInt(text, 10) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1);
}

function checkName(own: OwnDocument<'App'> | undefined, name: string, context: ParseContext): void {
  if (own === undefined || own.document.metadata.name === name) return;
  const message = `the app is called "${own.document.metadata.name}", and its folder "${name}"`;
  reportAt(
    own.source,
    '/metadata/name',
    { code: 'BAD_NAME', message, help: 'The folder names the app. Make them equal.' },
    context,
  );
}

function reportSecond(list: readonly OwnDocument<Kind>[], kind: Kind, context: ParseContext): void {
  const [first, second] = list;
  if (first === undefined || second === undefined) return;
  const message = `there is a second ${kind}; the first stands in ${first.source.file}:${first.source.line}`;
  reportAt(second.source, '/kind', { code: 'DUPLICATE_NAME', message, help: 'Remove one of them.' }, context);
}

function reportNames(list: readonly (Placement | Overlay)[], what: string, { report }: ParseContext): void {
  const seen = new Map<string, Origin>();
  for (const { name, origin } of list) {
    const first = seen.get(name);
    if (first === undefined) seen.set(name, origin);
    else
      report({
        code: 'DUPLICATE_NAME',
        severity: 'error',
        message: `there is another ${what} "${name}" in ${first.file}:${first.line}`,
        help: 'Give each a name of its own.',
        origin,
      });
  }
}
