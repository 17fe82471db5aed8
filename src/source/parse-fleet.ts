import type { Diagnostic } from '../model/diagnostic.ts';
import type { App, Cluster, Dependency, Fleet, FleetConfig } from '../model/fleet.ts';
import type { Locate } from '../model/locate.ts';
import type { RefusedFile, RegularFile, Snapshot } from '../model/snapshot.ts';
import { compareText } from '../object/id.ts';
import { nearestName } from '../object/nearest.ts';
import { type Memo, scopeReported } from '../memo.ts';
import { isManifestFile, type ReadFile } from '../read-file.ts';
import { applyImports } from './federations/apply-imports.ts';
import { readImports } from './federations/read-imports.ts';
import type { ScopedImport } from './federations/scoped-import.ts';
import { filesIn, type ManifestReader, nameOf, parseApp, type ParsedApp } from './parse-app.ts';
import { parseCluster } from './parse-cluster.ts';
import { DEFAULTS, parseSettings } from './parse-settings.ts';
import { type ParseContext, readDocuments, readKind, ownKindOf, reportUnexpected } from './read-kind.ts';
import { reportMisnamed } from './report-misnamed.ts';
import type { Kind } from './schema.ts';

/** What parsing uses: files by content, lines by demand, manifests by the render stage. */
export interface ParseTools {
  readonly read: ReadFile;
  readonly locate: Locate;
  readonly manifests: ManifestReader;
  readonly memo: Memo;
}

/** A fleet, or only the reasons why there is none. */
export type ParsedFleet =
  | { readonly state: 'parsed'; readonly config: FleetConfig }
  | { readonly state: 'unusable'; readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads everything that a revision says. An error inside one app stays with that app; an error in `fleet.yaml` or in a
 * cluster makes the revision unusable, because placement and division of every app depend on them.
 */
export function parseFleet(snapshot: Snapshot, tools: ParseTools): ParsedFleet {
  const diagnostics: Diagnostic[] = [];
  const context: ParseContext = { ...tools, report: (diagnostic) => void diagnostics.push(diagnostic) };
  const files = snapshot.files.filter((file) => file.kind === 'file');
  reportRefused(snapshot, context);
  const paths = snapshot.files.map((each) => each.path);
  scopeReported(tools.memo, 'collisions', paths, context.report, (report) => reportCollisions(paths, report));
  const file = findFleetFile(snapshot, context);
  // Then it is more likely the wrong folder than a fleet without clusters and apps.
  if (file === undefined) return { state: 'unusable', diagnostics };
  const fleet = scopeReported(tools.memo, 'fleet file', [file], context.report, (report, memo) =>
    parseFleetFile(file, { ...context, report, memo }),
  );
  const clusters = parseClusters(files, context);
  const defaults = fleet?.defaults ?? DEFAULTS;
  const own = parseApps(snapshot, defaults, tools, context);
  const imports = [...parsePolicies(files, context), ...own.flatMap(importsOf)];
  const apps = applyImports(
    own.map(({ app }) => app),
    imports,
    defaults,
    context,
  );
  reportStray(files, apps, context);
  // Those in the folder of an app are that app's business.
  reportMisnamed(
    files.filter((file) => !/^apps\/[^/]+\//.test(file.path)),
    context.report,
  );
  for (const app of apps) checkDependencies(app, apps, context);
  if (fleet === undefined || diagnostics.some(isFatal)) return { state: 'unusable', diagnostics };
  return { state: 'parsed', config: { revision: snapshot.revision, fleet, clusters, apps, diagnostics } };
}

function isFatal({ severity, app }: Diagnostic): boolean {
  return severity === 'error' && app === undefined;
}

function findFleetFile({ files }: Snapshot, { report }: ParseContext): RegularFile | undefined {
  const found = files.filter((each) => /^fleet\.(ya?ml|json)$/.test(each.path));
  const [file, second] = found.filter((each) => each.kind === 'file');
  if (found.length === 0) {
    const near = nearestName(
      'fleet.yaml',
      files.map((each) => each.path).filter((path) => !path.includes('/')),
    );
    const help =
      near === undefined
        ? 'Add a file fleet.yaml with kind: Fleet, or name the folder that holds it.'
        : `Rename "${near}" to fleet.yaml.`;
    report({
      code: 'NO_FLEET_FILE',
      severity: 'error',
      message: 'there is no fleet.yaml',
      help,
      origin: { file: 'fleet.yaml', line: 1, column: 1 },
    });
  }
  if (file !== undefined && second !== undefined) {
    report({
      code: 'DUPLICATE_NAME',
      severity: 'error',
      message: `there is also ${file.path}`,
      help: 'Keep one of them.',
      origin: { file: second.path, line: 1, column: 1 },
    });
  }
  return file;
}

function parseFleetFile(file: RegularFile, context: ParseContext): Fleet | undefined {
  const documents = readDocuments(file, context);
  const own = documents.flatMap((raw) => {
    if (ownKindOf(raw) === 'Fleet') return readKind('Fleet', raw, context) ?? [];
    reportUnexpected(raw, ['Fleet'], file.path, context);
    return [];
  });
  const [first, more] = own;
  if (documents.length === 0 && !context.read(file).broken) {
    context.report({
      code: 'NO_FLEET_FILE',
      severity: 'error',
      message: 'the file is empty',
      help: 'Write apiVersion: muster.dev/v1alpha1, kind: Fleet and metadata.name.',
      origin: { file: file.path, line: 1, column: 1 },
    });
  }
  if (more !== undefined) {
    context.report({
      code: 'DUPLICATE_NAME',
      severity: 'error',
      message: 'there is a second Fleet',
      help: 'Keep one of them.',
      origin: more.source,
    });
  }
  return first === undefined ? undefined : parseSettings(first, context);
}

function parseClusters(files: readonly RegularFile[], context: ParseContext): readonly Cluster[] {
  const found = files.filter((file) => file.path.startsWith('clusters/') && isManifestFile(file.path));
  const parsed = found.flatMap((file) =>
    scopeReported(context.memo, `clusters of ${file.path}`, [file], context.report, (report, memo) =>
      parseClusterFile(file, { ...context, report, memo }),
    ),
  );
  if (parsed.length === 0 && found.every((file) => isEmpty(file, context))) {
    context.report({
      code: 'NO_CLUSTER',
      severity: 'error',
      message: 'the fleet has no cluster',
      help: 'Add a file clusters/NAME.yaml with kind: Cluster.',
      origin: { file: found[0]?.path ?? 'clusters', line: 1, column: 1 },
    });
  }
  const sorted = parsed.toSorted((a, b) => compareText(a.name, b.name));
  const clusters = context.memo.share('clusters', sorted, () => sorted);
  for (const [index, cluster] of clusters.entries()) {
    const first = clusters[index - 1];
    if (first?.name !== cluster.name) continue;
    const message = `there is another cluster "${cluster.name}" in ${first.origin.file}:${first.origin.line}`;
    context.report({
      code: 'DUPLICATE_NAME',
      severity: 'error',
      message,
      help: 'Give each a name of its own.',
      origin: cluster.origin,
    });
  }
  return clusters;
}

function parseClusterFile(file: RegularFile, context: ParseContext): readonly Cluster[] {
  return readDocuments(file, context).flatMap((raw) => {
    if (ownKindOf(raw) !== 'Cluster') {
      reportUnexpected(raw, ['Cluster' satisfies Kind], 'clusters/', context);
      return [];
    }
    const own = readKind('Cluster', raw, context);
    return own === undefined ? [] : [parseCluster(own, context)];
  });
}

/** An app depends on its own files and on the defaults of the fleet; an app in which nothing changed is the same object. */
function parseApps(
  snapshot: Snapshot,
  defaults: Fleet['defaults'],
  { manifests, memo }: ParseTools,
  context: ParseContext,
): readonly ParsedApp[] {
  const refused = refusedApps(snapshot);
  return appFolders(snapshot).map(([folder, files]) => {
    const isRefused = refused.has(nameOf(folder));
    const base = manifests.expandBase(nameOf(folder), filesIn(`${folder}/base`, files));
    const inputs = [defaults, isRefused, base, ...files];
    return scopeReported(memo, `app ${folder}`, inputs, context.report, (report, inner): ParsedApp => {
      const own = { ...context, report, memo: inner };
      const { app, imports } = parseApp(folder, files, { base, defaults, manifests }, own);
      return { app: isRefused ? { ...app, broken: true } : app, imports };
    });
  });
}

/** What lies in the folder of an app is about that app alone. */
function importsOf({ app, imports }: ParsedApp): readonly ScopedImport[] {
  return imports.map((item) => ({ item, app: app.name }));
}

/** An error in a policy makes the revision unusable: it may be about any app. */
function parsePolicies(files: readonly RegularFile[], context: ParseContext): readonly ScopedImport[] {
  return files
    .filter((file) => file.path.startsWith('policies/') && isManifestFile(file.path))
    .flatMap((file) =>
      scopeReported(context.memo, `policies of ${file.path}`, [file], context.report, (report, memo) => {
        const own = { ...context, report, memo };
        return readDocuments(file, own).flatMap((raw) => readImports(raw, own));
      }),
    )
    .map((item) => ({ item }));
}

/** Nothing but comments. What is broken is no such file, and said elsewhere. */
function isEmpty(file: RegularFile, { read }: ParseContext): boolean {
  const { documents, broken } = read(file);
  return documents.length === 0 && !broken;
}

/** Every folder below `apps/`, also one of which no file could be read: an app that is gone would be pruned. */
function appFolders(snapshot: Snapshot): readonly (readonly [string, readonly RegularFile[]])[] {
  const inner = snapshot.files.filter((file) => /^apps\/[^/]+\//.test(file.path));
  const folders = Map.groupBy(inner, (file) => file.path.slice(0, file.path.indexOf('/', 'apps/'.length)));
  return [...folders]
    .map(([folder, files]) => [folder, files.filter((file) => file.kind === 'file')] as const)
    .sort(([a], [b]) => compareText(a, b));
}

/**
 * A fleet without apps is more likely a renamed folder than a wish: read as a wish, it would delete everything. The last
 * app is removed by emptying its `base/`.
 */
function reportStray(files: readonly RegularFile[], apps: readonly App[], { report }: ParseContext): void {
  for (const file of files.filter((each) => /^apps\/[^/]+$/.test(each.path) && isManifestFile(each.path))) {
    report({
      code: 'MISPLACED_FILE',
      severity: 'error',
      message: 'a file directly in apps/ belongs to no app',
      help: 'Move it to apps/NAME/base/.',
      origin: { file: file.path, line: 1, column: 1 },
    });
  }
  if (apps.length === 0) {
    report({
      code: 'NO_APP',
      severity: 'error',
      message: 'the fleet has no app',
      help: 'Add a folder apps/NAME/ with base/ and placement.yaml. To remove the last app, keep its placement.yaml and empty its base/.',
      origin: { file: 'apps', line: 1, column: 1 },
    });
  }
}

/** Files that are never followed concern their app, or the whole fleet. */
function reportRefused({ files }: Snapshot, { report }: ParseContext): void {
  for (const file of files) {
    if (file.kind === 'file') continue;
    const [, app] = /^apps\/([^/]+)\//.exec(file.path) ?? [];
    report({
      code: file.kind === 'too-large' ? 'TOO_LARGE' : 'FILE_REFUSED',
      severity: 'error',
      message: REFUSALS[file.kind](file),
      help: file.kind === 'too-large' ? 'Split the file, or move it out of the fleet.' : 'Commit the file itself.',
      origin: { file: file.path, line: 1, column: 1 },
      ...(app === undefined ? {} : { app }),
    });
  }
}

/** On a disk that takes upper and lower case for one, as those of macOS and Windows do, one of the files is missing. */
function reportCollisions(paths: readonly string[], report: ParseContext['report']): void {
  const seen = new Map<string, string>();
  for (const path of new Set(paths.flatMap(withFolders))) {
    const key = path.toLowerCase();
    const first = seen.get(key);
    if (first === undefined) seen.set(key, path);
    else if (first.slice(0, first.lastIndexOf('/') + 1) === path.slice(0, path.lastIndexOf('/') + 1)) {
      report({
        code: 'DUPLICATE_NAME',
        severity: 'warning',
        message: `"${first}" differs from "${path}" in upper and lower case only`,
        help: 'Rename one of them: many machines can hold only one.',
        origin: { file: path, line: 1, column: 1 },
      });
    }
  }
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function withFolders(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

const REFUSALS: Readonly<Record<RefusedFile['kind'], (file: RefusedFile) => string>> = {
  symlink: ({ detail }) => `the file is a symbolic link to "${detail}", and links are not followed`,
  submodule: () => 'the folder is a submodule, and submodules are not supported',
  'too-large': ({ detail }) => `the file is too large: ${detail}`,
};

function refusedApps({ files }: Snapshot): ReadonlySet<string> {
  return new Set(
    files.flatMap((file) => (file.kind === 'file' ? [] : (/^apps\/([^/]+)\//.exec(file.path)?.[1] ?? []))),
  );
}

function checkDependencies(app: App, apps: readonly App[], { report }: ParseContext): void {
  const names = apps.map((each) => each.name);
  for (const { app: name, origin } of app.dependsOn) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    report({
      code: 'UNKNOWN_NAME',
      severity: 'error',
      message: `app "${app.name}" depends on "${name}", which does not exist`,
      help: nearest === undefined ? `The apps are: ${names.join(', ')}.` : `Did you mean "${nearest}"?`,
      origin,
      app: app.name,
    });
  }
  const cycle = findCycle(app, new Map(apps.map((each) => [each.name, each])));
  if (cycle === undefined) return;
  report({
    code: 'BAD_VALUE',
    severity: 'error',
    message: `apps wait for one another: ${[app.name, ...cycle.map((each) => each.app)].join(' → ')}`,
    help: 'Take one name out of a dependsOn.',
    origin: cycle[0]?.origin ?? app.origin,
    app: app.name,
  });
}

/** The shortest way from an app back to itself. Each app is looked at once: among n apps there are up to 2^n ways. */
function findCycle(start: App, apps: ReadonlyMap<string, App>): readonly Dependency[] | undefined {
  const seen = new Set<string>();
  const ways: (readonly Dependency[])[] = [[]];
  for (const way of ways) {
    for (const next of (apps.get(way.at(-1)?.app ?? start.name) ?? start).dependsOn) {
      if (next.app === start.name) return [...way, next];
      if (!seen.has(next.app) && apps.has(next.app)) ways.push([...way, next]);
      seen.add(next.app);
    }
  }
  return undefined;
}
