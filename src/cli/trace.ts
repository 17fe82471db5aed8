import type { Origin } from '../model/diagnostic.ts';
import type { JsonValue } from '../model/json.ts';
import type { Manifest } from '../model/manifest.ts';
import { formatId } from '../object/id.ts';
import { printJson } from '../object/json.ts';
import { nearestName } from '../object/nearest.ts';
import { createRenderCache, type ObjectTrace, traceFleet } from '../reconcile.ts';
import { UsageError } from '../settings.ts';
import { hasErrors, printDiagnostics } from './diagnostics.ts';
import { loadSnapshot, runPrograms } from './load-fleet.ts';
import { printDocument } from './print-document.ts';
import { selectTargets } from './select-targets.ts';
import { printTable } from './table.ts';
import type { Verb } from './verb.ts';

export const traceVerb: Verb = {
  name: 'trace',
  operands: 'KIND NAME [DIR]',
  maxOperands: 3,
  summary: 'show which files made an object, and which line set a field',
  description:
    'KIND and NAME as statuses and reports write them: Deployment shop/web. Without --field the layers that made the object\non each cluster, with --field every line that set it, the last of which holds. Values of Secrets are not shown.',
  options: [
    'field',
    'revision',
    'cluster',
    'app',
    'output',
    'noHeaders',
    'cache',
    'renderMemory',
    'renderTimeout',
    'help',
  ],
  formats: ['table', 'json'],
  exits: { 0: 'it was found', 1: 'the repository has errors', 2: 'there is no such object or field' },
  examples: [
    ['muster trace Deployment hello/hello -C eu', 'which files made it'],
    ['muster trace Deployment hello/hello --field /spec/replicas', 'who says how many, on every cluster'],
  ],
  run: async ({ operands: [kind, name, directory = '.'], settings, format, io }) => {
    if (kind === undefined || name === undefined) throw new UsageError('trace needs an object: KIND NAME.');
    const snapshot = await loadSnapshot(directory, settings.text('revision'));
    const cache = createRenderCache();
    const { result, trace } = traceFleet(snapshot, cache, await runPrograms(snapshot, settings, cache));
    const diagnostics = result.state === 'rendered' ? result.fleet.diagnostics : result.diagnostics;
    io.err(printDiagnostics(diagnostics));
    if (result.state === 'unusable') return 1;
    const objects = selectTargets(result.fleet, settings).flatMap(({ cluster, apps }) =>
      apps.flatMap((app) => app.manifests.map((manifest) => ({ cluster: cluster.name, app: app.name, manifest }))),
    );
    const wanted = objects.filter(({ manifest }) => isMeant(manifest, kind, name));
    if (wanted.length === 0) throw unknownObject(kind, name, objects);
    const pointer = settings.text('field');
    const rows = wanted.flatMap(({ cluster, app, manifest }) => {
      const traced = trace(cluster, app, manifest);
      const steps =
        traced === undefined ? [] : pointer === undefined ? layersOf(traced) : stepsOf(traced, pointer, manifest);
      return steps.map((step) => ({ cluster, app, object: formatId(manifest.id), ...step }));
    });
    io.out(
      format === 'json'
        ? printDocument('Trace', { ...(pointer === undefined ? {} : { field: pointer }), origins: rows.map(printRow) })
        : printTable(settings.flag('noHeaders') ? undefined : headers(pointer), rows.map(rowOf)),
    );
    return hasErrors(diagnostics) ? 1 : 0;
  },
};

interface Step {
  readonly kind: string;
  readonly origin: Origin;
  /** Of the field asked for; absent: it is not there after this step, or none was asked for. */
  readonly value?: JsonValue;
  readonly gone?: boolean;
}

type Row = Step & { readonly cluster: string; readonly app: string; readonly object: string };

function layersOf({ layers }: ObjectTrace): readonly Step[] {
  return layers.map(({ kind, origin }) => ({ kind, origin }));
}

function stepsOf({ field }: ObjectTrace, pointer: string, { id }: Manifest): readonly Step[] {
  const traced = field(pointer);
  if (traced.state === 'unknown') {
    const hint = traced.meant === undefined ? '' : ` Did you mean "${traced.meant}"?`;
    throw new UsageError(`--field "${pointer}": ${formatId(id)} has no such field.${hint}`);
  }
  const isSecret = id.kind === 'Secret' && !OPEN.test(traced.pointer);
  return traced.origins.map(({ kind, origin, value }) => ({
    kind,
    origin,
    ...(value === undefined ? { gone: true } : { value: isSecret ? '***' : value }),
  }));
}

/** Fields of a Secret that hold no secret; an annotation may hold a copy of the manifest. */
const OPEN = /^\/(type|immutable|apiVersion|kind|metadata\/(name|namespace|labels))(\/|$)/;

/** `Deployment` and `shop/web`, or `web` alone. */
function isMeant({ id }: Manifest, kind: string, name: string): boolean {
  return kind.toLowerCase() === id.kind.toLowerCase() && (name === id.name || name === `${id.namespace}/${id.name}`);
}

function unknownObject(kind: string, name: string, objects: readonly { readonly manifest: Manifest }[]): UsageError {
  const known = objects.map(({ manifest }) => formatId(manifest.id));
  const meant = nearestName(`${kind} ${name}`, known);
  const hint = meant === undefined ? '"muster render -o name" lists them.' : `Did you mean "${meant}"?`;
  return new UsageError(`no object is called "${kind} ${name}" there. ${hint}`);
}

function headers(pointer: string | undefined): readonly string[] {
  return pointer === undefined ? ['CLUSTER', 'OBJECT', 'LAYER', 'AT'] : ['CLUSTER', 'OBJECT', 'LAYER', 'AT', 'VALUE'];
}

function rowOf({ cluster, object, kind, origin, value, gone }: Row): readonly string[] {
  const base = [cluster, object, kind, place(origin)];
  if (gone === true) return [...base, '(removed)'];
  return value === undefined ? base : [...base, short(value)];
}

/** One line of a terminal. The JSON output has it whole. */
function short(value: JsonValue): string {
  const text = printJson(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

function printRow({ gone: _gone, ...row }: Row): Record<string, JsonValue> {
  const { origin, ...rest } = row;
  return { ...rest, file: origin.file, line: origin.line, column: origin.column };
}

function place({ file, line }: Origin): string {
  return `${file}:${line}`;
}
