import type { Diagnostic } from '../model/diagnostic.ts';
import type { ChartInput, ExpansionFile, PendingBase } from '../model/expansion.ts';
import type { App, Cluster, DocumentSource, FleetConfig } from '../model/fleet.ts';
import type { JsonObject } from '../model/json.ts';
import type { RegularFile } from '../model/snapshot.ts';
import { isObject, printJson } from '../object/json.ts';
import { type ParsedDocument, parseYaml } from '../yaml.ts';
import type { ExpandContext } from './expand-context.ts';
import { substitute } from './substitute.ts';

/** What a chart gets on one cluster. */
export interface ChartValues {
  readonly chart: ChartInput;
  /** The chart's files, with the variables in its own values replaced. */
  readonly files: readonly ExpansionFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Charts are rendered for this Kubernetes where a cluster does not say its own. A constant of Muster: what Helm assumes
 * differs with the way it was built.
 */
export const ASSUMED_KUBERNETES = '1.36';

/** Values of one cluster: the chart's own, the app's, then those of its overlays; later wins, as with `helm -f`. */
export function chartInput(
  app: App,
  pending: PendingBase,
  cluster: Cluster,
  { fleet }: FleetConfig,
  context: ExpandContext,
): ChartValues {
  const diagnostics: Diagnostic[] = [];
  const replaced = (values: JsonObject, source: DocumentSource): JsonObject => {
    const { value, problems } = substitute(values, cluster);
    for (const { pointer, part, ...problem } of problems) {
      const origin = context.locate(source, pointer, part ?? 'value');
      diagnostics.push({ ...problem, origin, app: app.name, cluster: cluster.name });
    }
    return value;
  };
  const overlays = app.overlays.filter((overlay) => context.matches(overlay.clusters, cluster));
  const layers = [app.values ?? [], ...overlays.map((overlay) => overlay.values ?? [])].flat();
  const namespace = app.namespace ?? fleet.defaults.namespace;
  const asks = whatItAsks(pending);
  if (namespace === undefined && asks.namespace !== undefined) diagnostics.push(noNamespace(asks.namespace, app));
  if (cluster.kubernetesVersion === undefined && asks.version !== undefined) {
    diagnostics.push(noVersion(asks.version, app, cluster));
  }
  return {
    chart: {
      release: app.name,
      namespace: namespace ?? 'default',
      kubernetesVersion: wholeVersion(cluster.kubernetesVersion ?? ASSUMED_KUBERNETES),
      values: layers.map(({ values, source }) => printJson(replaced(values, source))),
    },
    files: pending.files.map((file) => withValues(file, pending, replaced)),
    diagnostics,
  };
}

/** Clusters say all three numbers, and some charts compare texts: `v1.36` → `1.36.0`. */
function wholeVersion(version: string): string {
  const plain = version.replace(/^v/, '');
  return /^\d+\.\d+$/.test(plain) ? `${plain}.0` : plain;
}

/** The chart's own values may hold variables, too. Without any they stay byte for byte. */
function withValues(
  file: RegularFile,
  { root }: PendingBase,
  replaced: (values: JsonObject, source: DocumentSource) => JsonObject,
): ExpansionFile {
  const same = { path: file.path, bytes: file.bytes };
  if (file.path !== `${root}/values.yaml`) return same;
  const document = ownValues(file);
  if (document === undefined || !isObject(document.value)) return same;
  const source = { file: file.path, line: 1, column: 1, document: document.index, pointer: '' };
  const value = replaced(document.value, source);
  return value === document.value ? same : { path: file.path, bytes: new TextEncoder().encode(printJson(value)) };
}

/** The values of a chart, if they hold anything that could be replaced. Read once for all clusters. */
function ownValues(file: RegularFile): ParsedDocument | undefined {
  const known = OWN_VALUES.get(file);
  if (known !== undefined) return known.document;
  const text = new TextDecoder().decode(file.bytes);
  const [document] = text.includes('${') ? parseYaml(text).documents : [];
  OWN_VALUES.set(file, { document });
  return document;
}

const OWN_VALUES = new WeakMap<RegularFile, { readonly document: ParsedDocument | undefined }>();

interface Asks {
  /** The first file that asks for the namespace of the release. */
  readonly namespace: RegularFile | undefined;
  /** The first that asks for the version of Kubernetes. */
  readonly version: RegularFile | undefined;
}

function whatItAsks(pending: PendingBase): Asks {
  const known = ASKS.get(pending);
  if (known !== undefined) return known;
  const texts = pending.files
    .filter(({ path }) => /\/(templates\/.*|Chart\.yaml)$/.test(path))
    .map((file) => ({ file, text: new TextDecoder().decode(file.bytes) }));
  const first = (pattern: RegExp): RegularFile | undefined => texts.find(({ text }) => pattern.test(text))?.file;
  const asks = {
    namespace: first(/\.Release\.Namespace\b/),
    version: first(/\.Capabilities\.(KubeVersion|APIVersions)\b|^kubeVersion:/m),
  };
  ASKS.set(pending, asks);
  return asks;
}

/** The answer is the same for every cluster. */
const ASKS = new WeakMap<PendingBase, Asks>();

function noNamespace({ path }: RegularFile, app: App): Diagnostic {
  return {
    code: 'NO_NAMESPACE',
    severity: 'error',
    message: `the chart asks for the namespace of its release, and app "${app.name}" has none`,
    help: `Set spec.namespace in apps/${app.name}/app.yaml.`,
    origin: { file: path, line: 1, column: 1 },
    app: app.name,
  };
}

function noVersion({ path }: RegularFile, app: App, cluster: Cluster): Diagnostic {
  return {
    code: 'MISSING_FIELD',
    severity: 'warning',
    message: `the chart asks for the version of Kubernetes, which the cluster does not say; ${ASSUMED_KUBERNETES} is assumed`,
    help: 'Set spec.kubernetesVersion in the file of the cluster.',
    origin: { file: path, line: 1, column: 1 },
    app: app.name,
    cluster: cluster.name,
  };
}
