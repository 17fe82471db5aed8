/**
 * Finds out what an API server insists on. OpenAPI marks a field as required when its Go type has no way to be absent, which
 * says nothing about whether the server refuses an object without it; the same is true of enumerations.
 *
 * For each field in question, in each kind that leads to it, two objects are sent as a dry run: a sample that has the field,
 * and the same with the field dropped (or with a value that nobody lists). The field is insisted on when the second is
 * refused for something at that place that the first is not, and when no kind takes it.
 */
import { mapLimited } from '../src/concurrency.ts';
import type { JsonObject, JsonValue } from '../src/model/json.ts';
import { isObject, listAt, textAt } from '../src/object/json.ts';
import { type ApiClient, ApiError } from '../test/support/api-client.ts';
import { type Model, readModel, type ServedKind, type Shape, type TypeShape } from './served-model.ts';

/** Keys are `Type.field`. */
export interface Demands {
  readonly required: ReadonlySet<string>;
  readonly enumerated: ReadonlySet<string>;
}

/**
 * Asks a server with the defaults of a cluster. Nothing is demanded of kinds that it does not serve. An answer that neither
 * shows nor disproves a demand is no vote: one kind that insists is enough, and one that accepts is enough against it.
 */
export async function probeDemands(client: ApiClient): Promise<Demands> {
  const model = await readModel(client);
  const questions = model.kinds
    .filter((each) => !NOT_STORED.test(each.kind))
    .flatMap((kind) => questionsOf(kind, model));
  const answers = await mapLimited(questions, PARALLEL, (question) => ask(client, model, question));
  const insisted = new Set<string>();
  const accepted = new Set<string>();
  for (const [index, { demand, type, field }] of questions.entries()) {
    if (answers[index] === 'insists') insisted.add(`${demand} ${type}.${field}`);
    if (answers[index] === 'accepts') accepted.add(`${demand} ${type}.${field}`);
  }
  const demands = [...insisted].filter((key) => !accepted.has(key));
  const of = (demand: string): ReadonlySet<string> =>
    new Set(demands.filter((key) => key.startsWith(`${demand} `)).map((key) => key.slice(demand.length + 1)));
  return { required: of('required'), enumerated: of('enumerated') };
}

/** Most of an answer's time is waiting. */
const PARALLEL = 16;

interface Question {
  readonly kind: ServedKind;
  readonly demand: keyof Demands;
  readonly type: string;
  /** From the kind to the type. */
  readonly path: Path;
  readonly field: string;
}

function questionsOf(kind: ServedKind, { types }: Model): readonly Question[] {
  return [...pathsFrom(kind.type, types)].flatMap(([type, path]) => {
    const { fields, required } = types.get(type) ?? NO_TYPE;
    const about = (demand: keyof Demands, field: string): Question => ({ kind, demand, type, path, field });
    return [...fields].flatMap(([field, shape]) => [
      ...(required.includes(field) ? [about('required', field)] : []),
      ...(valuesOf(shape).length > 0 ? [about('enumerated', field)] : []),
    ]);
  });
}

const NO_TYPE: TypeShape = { fields: new Map(), required: [] };

/** Kinds that are questions, not objects. */
const NOT_STORED = /Review$|^Binding$/;

type Path = readonly string[];

/** The shortest way to each type below a kind: names of fields, \`[\` and \`{\` for an item of a list or map. */
function pathsFrom(root: string, types: ReadonlyMap<string, TypeShape>): ReadonlyMap<string, Path> {
  const paths = new Map<string, Path>([[root, []]]);
  for (const [name, path] of paths) {
    for (const [field, shape] of types.get(name)?.fields ?? []) {
      const [steps, target] = unwrap(shape);
      if (target !== undefined && !paths.has(target)) paths.set(target, [...path, field, ...steps]);
    }
  }
  return paths;
}

function unwrap(shape: Shape): readonly [readonly string[], string | undefined] {
  if (shape.kind === 'type') return [[], shape.name];
  if (shape.kind !== 'list' && shape.kind !== 'map') return [[], undefined];
  const [steps, target] = unwrap(shape.of);
  return [[shape.kind === 'list' ? '[' : '{', ...steps], target];
}

function valuesOf(shape: Shape): readonly string[] {
  if (shape.kind === 'scalar') return shape.values;
  return shape.kind === 'list' || shape.kind === 'map' ? valuesOf(shape.of) : [];
}

async function ask(client: ApiClient, model: Model, question: Question): Promise<'insists' | 'accepts' | 'unclear'> {
  const { kind, demand, path, field } = question;
  const sound = await send(client, kind, build(model, kind, path, field, 'sample'));
  const wrong = await send(client, kind, build(model, kind, path, field, demand === 'required' ? undefined : UNLISTED));
  if (wrong === undefined) return 'accepts';
  // What is missing is named by its own place or by that of the map it is missing from.
  const place = placeOf(path, demand === 'required' ? [] : [field]);
  const known = new Set(sound?.map(printCause));
  return wrong.some((cause) => !known.has(printCause(cause)) && isWithin(cause.field, place)) ? 'insists' : 'unclear';
}

/** A value that no enumeration has. */
const UNLISTED = 'NobodyListsThis';

interface Cause {
  readonly field: string;
  readonly reason: string;
}

function printCause({ field, reason }: Cause): string {
  return `${field} ${reason}`;
}

/** Whether a cause is about a place or something in it. `spec.template.spec.containers[0].name` is `spec template spec containers name`: keys of maps and indices do not count. */
function isWithin(field: string, place: string): boolean {
  const text = field.replaceAll(/\[[^\]]*\]/g, '').replaceAll('.', ' ');
  return text === place || text.startsWith(`${place} `) || place === '';
}

function placeOf(path: Path, last: Path): string {
  return [...path.filter((step) => step !== '[' && step !== '{'), ...last].join(' ');
}

/** What the server has against an object; `undefined`: nothing. */
async function send(client: ApiClient, kind: ServedKind, object: JsonObject): Promise<readonly Cause[] | undefined> {
  const base = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const folder = kind.namespaced ? `${base}/namespaces/default` : base;
  try {
    await client.request('POST', `${folder}/${kind.plural}?dryRun=All&fieldValidation=Strict`, object);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return listAt(error.body, 'details', 'causes').map((cause) => ({
      field: textAt(cause, 'field') ?? '',
      reason: textAt(cause, 'reason') ?? '',
    }));
  }
}

/* Samples */

/** An object with everything that OpenAPI calls required, the way to one field, and that field as asked. */
function build(model: Model, kind: ServedKind, path: Path, field: string, value: JsonValue | undefined): JsonObject {
  const body = along(model, { kind: 'type', name: kind.type }, path, field, value);
  const metadata = isObject(body) && isObject(body['metadata']) ? body['metadata'] : {};
  return {
    ...(isObject(body) ? body : {}),
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: 'sample', ...metadata },
  };
}

function along(model: Model, shape: Shape, path: Path, field: string, value: JsonValue | undefined): JsonValue {
  const [step, ...rest] = path;
  if (shape.kind === 'list' && step === '[') return [along(model, shape.of, rest, field, value)];
  if (shape.kind === 'map' && step === '{') return { key: along(model, shape.of, rest, field, value) };
  const whole = sample(model, shape, field, 0);
  const fields = shape.kind === 'type' ? model.types.get(shape.name)?.fields : undefined;
  if (!isObject(whole) || fields === undefined) return whole;
  if (step !== undefined)
    return { ...whole, [step]: along(model, fields.get(step) ?? { kind: 'any' }, rest, field, value) };
  const { [field]: _dropped, ...others } = whole;
  if (value === undefined) return others;
  const own = fields.get(field) ?? { kind: 'any' };
  return { ...others, [field]: value === 'sample' ? sample(model, own, field, 0) : wrapped(own, value) };
}

/** The value in the lists and maps that the field is made of. */
function wrapped(shape: Shape, value: JsonValue): JsonValue {
  if (shape.kind === 'list') return [wrapped(shape.of, value)];
  return shape.kind === 'map' ? { key: wrapped(shape.of, value) } : value;
}

function sample(model: Model, shape: Shape, name: string, depth: number): JsonValue {
  switch (shape.kind) {
    case 'any':
      return {};
    case 'list':
      return [sample(model, shape.of, name, depth)];
    case 'map':
      return { key: sample(model, shape.of, name, depth) };
    case 'type': {
      const { fields, required } = model.types.get(shape.name) ?? NO_TYPE;
      if (shape.name === 'LabelSelector') return { matchLabels: { app: 'sample' } };
      if (shape.name === 'ObjectMeta') return { labels: { app: 'sample' } };
      if (depth > 8) return {};
      const names = [...new Set([...required, ...(EXTRA[shape.name] ?? [])])];
      return Object.fromEntries(
        names.map((field) => [field, sample(model, fields.get(field) ?? { kind: 'any' }, field, depth + 1)]),
      );
    }
    case 'scalar':
      return scalar(shape.mark, shape.values, name);
  }
}

/** What an object needs besides, to be looked at as a whole. */
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  PodTemplateSpec: ['metadata', 'spec'],
  Container: ['image'],
  ServiceSpec: ['ports'],
  Deployment: ['spec'],
  DaemonSet: ['spec'],
  StatefulSet: ['spec'],
  ReplicaSet: ['spec'],
  Job: ['spec'],
  CronJob: ['spec'],
  Pod: ['spec'],
  JobSpec: ['template'],
  JobTemplateSpec: ['spec'],
  Service: ['spec'],
  NetworkPolicy: ['spec'],
  PodDisruptionBudget: ['spec'],
  ConfigMap: [],
};

function scalar(mark: string, values: readonly string[], name: string): JsonValue {
  const first = values.find((value) => value !== '');
  switch (mark) {
    case 'i':
    case 'n':
    case 'x':
      return 80;
    case 'b':
      return true;
    case 'q':
      return '1';
    case 'y':
      return 'YQ==';
    default:
      return TEXTS[name] ?? first ?? 'sample';
  }
}

/** Where any text would be refused for its form. */
const TEXTS: Readonly<Record<string, string>> = {
  image: 'registry.example/sample:1',
  schedule: '0 0 * * *',
  mountPath: '/sample',
  restartPolicy: 'Never',
  apiGroup: 'rbac.authorization.k8s.io',
  time: '2026-01-01T00:00:00Z',
  eventTime: '2026-01-01T00:00:00.000000Z',
  topologyKey: 'kubernetes.io/hostname',
  ip: '10.0.0.1',
};
