import type { Diagnostic, Origin } from '../model/diagnostic.ts';
import type { Expansion } from '../model/extensions.ts';
import type { App, AppDefaults, Overlay, Placement } from '../model/fleet.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { scopeReported } from '../memo.ts';
import { isManifestFile } from '../read-file.ts';
import type { Imported } from './federations/imported.ts';
import { isImport, readImports } from './federations/read-imports.ts';
import { isAppName, parseAppSettings } from './create-app.ts';
import { parseOverlay, parseOverlayFolder, sortOverlays } from './parse-overlay.ts';
import { parsePlacement } from './parse-placement.ts';
import { parseValues, splitValues } from './parse-values.ts';
import {
  type OwnDocument,
  ownKindOf,
  type ParseContext,
  type RawDocument,
  readDocuments,
  readKind,
  reportAt,
  reportUnexpected,
} from './read-kind.ts';
import { reportMisnamed } from './report-misnamed.ts';
import type { Kind } from './schema.ts';

/** What this stage asks of the next: manifests from files. */
export interface ManifestReader {
  readonly expandBase: (app: string, files: readonly RegularFile[]) => Expansion;
  readonly parseManifests: (file: RegularFile) => Expansion;
}

/** An app, and what lies in its folder in the files of other federations. */
export interface ParsedApp {
  readonly app: App;
  readonly imports: readonly Imported[];
}

/** What an app is parsed from, besides the files of its folder. */
export interface AppInput {
  /** Of `base/`. */
  readonly base: Expansion;
  readonly defaults: AppDefaults;
  readonly manifests: ManifestReader;
}

/** Everything below one folder of `apps/`. An app is always there, even if nothing of it could be read. */
export function parseApp(
  folder: string,
  files: readonly RegularFile[],
  { base, defaults, manifests }: AppInput,
  outer: ParseContext,
): ParsedApp {
  const name = nameOf(folder);
  let broken = false;
  const report = (diagnostic: Diagnostic): void => {
    broken ||= diagnostic.severity === 'error';
    outer.report({ ...diagnostic, app: name });
  };
  const context: ParseContext = { ...outer, report };
  const origin: Origin = { file: files[0]?.path ?? folder, line: 1, column: 1 };
  if (!isAppName(name)) {
    report({
      code: 'BAD_NAME',
      severity: 'error',
      message: `"${name}" is no name of an app`,
      help: 'Name the folder with at most 50 lower-case letters, digits and "-".',
      origin,
    });
  }
  const isChart = base.pending?.tool === 'helm';
  const [valuesFiles, otherFiles] = isChart ? splitValues(folder, files) : [[], files];
  const { apps, placements, imports } = parseRootFiles(folder, otherFiles, context);
  const settings = apps[0];
  reportSecond(apps, 'App', context);
  checkName(settings, name, context);
  reportStray(folder, files, base.pending?.files ?? [], context);
  reportMisnamed(otherThanForPrograms(files, folder, base), report);
  for (const diagnostic of base.diagnostics) report(diagnostic);
  const values = valuesFiles.flatMap((file) => parseValues(file, context) ?? []);
  const overlays = parseOverlays(folder, files, isChart, manifests, context);
  for (const { body, source } of [base.manifests, ...overlays.map((overlay) => overlay.resources)].flat()) {
    const raw = { value: body, source };
    // A document of ours among the manifests would be sent to clusters, which do not know it.
    if (ownKindOf(raw) !== undefined) reportUnexpected(raw, [], 'a folder of manifests', context);
  }
  const holdsObject = imports.some(({ kind }) => kind === 'object');
  if (
    base.pending === undefined &&
    base.manifests.length === 0 &&
    !holdsObject &&
    !broken &&
    overlays.every((overlay) => overlay.resources.length === 0)
  ) {
    report({
      code: 'EMPTY_APP',
      severity: 'warning',
      message: `app "${name}" has no manifests`,
      help: `Put them into apps/${name}/base/.`,
      origin,
    });
  }
  reportNames(placements, 'placement', context);
  const app = {
    name,
    ...parseAppSettings(settings, defaults, context),
    base: base.manifests,
    ...(base.pending === undefined ? {} : { pending: base.pending }),
    ...(values.length === 0 ? {} : { values }),
    placements,
    overlays,
    broken,
    origin,
  };
  return { app, imports };
}

/** `apps/web` → `web`. */
export function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1);
}

/** Those below a folder, in all of its folders. */
export function filesIn(folder: string, files: readonly RegularFile[]): readonly RegularFile[] {
  return files.filter((file) => file.path.startsWith(`${folder}/`));
}

interface RootFiles {
  readonly apps: readonly OwnDocument<'App'>[];
  readonly placements: readonly Placement[];
  readonly imports: readonly Imported[];
}

/** The documents that say how the app is placed. While they stay, so do the placements: nothing is rendered for their sake. */
function parseRootFiles(folder: string, files: readonly RegularFile[], { memo, ...outer }: ParseContext): RootFiles {
  const direct = files.filter((file) => !file.path.slice(folder.length + 1).includes('/'));
  return scopeReported(memo, 'root files', direct, outer.report, (report, inner) => {
    const context = { ...outer, report, memo: inner };
    const own = readOwn(direct, ['App', 'Placement'], `apps/${nameOf(folder)}/`, context);
    const placements = own.placements.map((each) => parsePlacement(each, context));
    return { apps: own.apps, placements, imports: own.imports };
  });
}

/**
 * Manifests in a folder that nothing reads would be silently absent. Into which folders a kustomization leads is its own
 * business, as is what it leaves there: components are there to be chosen from.
 */
function reportStray(
  folder: string,
  files: readonly RegularFile[],
  used: readonly RegularFile[],
  { report }: ParseContext,
): void {
  const usedParts = new Set(
    used.map(({ path }) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1).split('/')[0] : undefined)),
  );
  for (const file of files.filter((each) => isManifestFile(each.path))) {
    const [part, ...rest] = file.path.slice(folder.length + 1).split('/');
    if (rest.length === 0 || part === 'base' || part === 'overlays' || usedParts.has(part)) continue;
    report({
      code: 'MISPLACED_FILE',
      severity: 'error',
      message: `nothing reads the folder "${part ?? ''}" of an app`,
      help: 'Manifests belong to base/, changes for some clusters to overlays/.',
      origin: { file: file.path, line: 1, column: 1 },
    });
  }
}

/** A program has rules of its own for the names of its files, and reads them by any. */
function otherThanForPrograms(
  files: readonly RegularFile[],
  folder: string,
  { pending }: Expansion,
): readonly RegularFile[] {
  if (pending === undefined) return files;
  const used = new Set(pending.files.map(({ path }) => path));
  return files.filter(({ path }) => !used.has(path) && !path.startsWith(`${folder}/base/`));
}

interface OwnDocuments {
  readonly apps: readonly OwnDocument<'App'>[];
  readonly placements: readonly OwnDocument<'Placement'>[];
  readonly overlays: readonly OwnDocument<'Overlay'>[];
  readonly imports: readonly Imported[];
}

/** Documents of ours in the files of one folder. Anything else there is an error. */
function readOwn(
  files: readonly RegularFile[],
  expected: readonly Kind[],
  place: string,
  context: ParseContext,
): OwnDocuments {
  const own = {
    apps: [] as OwnDocument<'App'>[],
    placements: [] as OwnDocument<'Placement'>[],
    overlays: [] as OwnDocument<'Overlay'>[],
    imports: [] as Imported[],
  };
  const add = <Item>(list: Item[], item: Item | undefined): void => void (item !== undefined && list.push(item));
  const readOne = (raw: RawDocument): void => {
    const kind = expected.find((each) => each === ownKindOf(raw));
    if (kind === 'App') add(own.apps, readKind(kind, raw, context));
    else if (kind === 'Placement') add(own.placements, readKind(kind, raw, context));
    else if (kind === 'Overlay') add(own.overlays, readKind(kind, raw, context));
    else if (expected.includes('Placement') && isImport(raw)) own.imports.push(...readImports(raw, context));
    else reportUnexpected(raw, expected, place, context);
  };
  for (const file of files) {
    if (isManifestFile(file.path)) for (const raw of readDocuments(file, context)) readOne(raw);
  }
  return own;
}

function parseOverlays(
  folder: string,
  files: readonly RegularFile[],
  isChart: boolean,
  reader: ManifestReader,
  context: ParseContext,
): readonly Overlay[] {
  const root = `${folder}/overlays`;
  const parts = Map.groupBy(filesIn(root, files), (file) => partBelow(root, file.path));
  const overlays = [...parts].flatMap(([path, inner]) =>
    scopeReported(
      context.memo,
      `overlays of ${path}`,
      [isChart, ...inner],
      context.report,
      (report, memo): readonly Overlay[] => {
        const own = { ...context, report, memo };
        const [file] = inner;
        if (file?.path !== path) return [parseOverlayFolder(path, inner, isChart, reader.parseManifests, own)];
        return readOwn(inner, ['Overlay'], `${root}/`, own).overlays.map((each) => parseOverlay(each, isChart, own));
      },
    ),
  );
  const isFile = ({ origin }: Overlay): boolean => partBelow(root, origin.file) === origin.file;
  reportNames(overlays.filter(isFile), 'overlay', context);
  return sortOverlays(overlays);
}

/** What stands in a folder itself: `apps/web/overlays/eu/a.yaml` → `apps/web/overlays/eu`. */
function partBelow(root: string, path: string): string {
  const end = path.indexOf('/', root.length + 1);
  return end < 0 ? path : path.slice(0, end);
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
