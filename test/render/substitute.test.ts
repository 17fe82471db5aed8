import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { listVariables, lookUpVariable, substitute } from '../../src/render/substitute.ts';
import type { VariableSource } from '../../src/render/substitute.ts';

const EU: VariableSource = {
  name: 'eu',
  region: 'eu-west',
  labels: { env: 'prod', 'topology.kubernetes.io/zone': 'eu-west-1a', replicas: '3' },
  variables: {
    network: 'network3',
    replicas: 5,
    debug: false,
    port: '8080',
    flag: 'true',
    big: '9007199254740993',
    cost: 1.5,
    nested: '${cluster.name}',
    dollar: '$&',
    empty: '',
  },
};

const TEXTS: readonly (readonly [string, JsonValue, string])[] = [
  ['${cluster.name}', 'eu', 'the name of the cluster'],
  ['${cluster.region}', 'eu-west', 'its region'],
  ['${cluster.labels.env}', 'prod', 'a label'],
  ['${cluster.labels.topology.kubernetes.io/zone}', 'eu-west-1a', 'keys of labels hold dots and slashes'],
  ['${vars.network}', 'network3', 'a variable'],
  ['web-${cluster.name}.${vars.network}.svc', 'web-eu.network3.svc', 'several, within other text'],
  ['${vars.replicas}', '5', 'without a type everything is text'],
  ['${vars.debug}', 'false', 'booleans too'],
  ['${vars.empty}', '', 'an empty text is a value'],
  ['${vars.replicas|number}', 5, 'a number stays one'],
  ['${vars.cost|number}', 1.5, 'also a fraction'],
  ['${vars.port|number}', 8080, 'a text of digits becomes one'],
  ['${vars.big|number}', 9007199254740993n, 'exactly'],
  ['${vars.debug|boolean}', false, 'a boolean stays one'],
  ['${vars.flag|boolean}', true, 'a text true becomes one'],
  ['${cluster.labels.replicas|number}', 3, 'labels too'],
  ['$${vars.network}', '${vars.network}', 'an escaped reference is text'],
  ['$${HOME}', '${HOME}', 'whatever is escaped'],
  ['$$${vars.network}', '$${vars.network}', 'only the last dollar escapes'],
  ['${HOME} ${1:-x} ${#list[@]} $(cmd) $vars.network', '${HOME} ${1:-x} ${#list[@]} $(cmd) $vars.network', 'shell'],
  ['${NET:-${vars.network}}', '${NET:-network3}', 'a reference inside a shell default'],
  ['${vars.nested}', '${cluster.name}', 'what came in is not looked at again'],
  ['${vars.dollar}', '$&', 'nor read as a replacement pattern'],
  ['${spring.cluster.name}', '${spring.cluster.name}', 'another program’s template'],
  ['${ vars.network }', '${ vars.network }', 'spaces make it another program’s'],
  ['${vars.network', '${vars.network', 'an open brace'],
  ['${}', '${}', 'nothing inside'],
  ['${vars}', '${vars}', 'no name'],
];

test('references in a text are replaced, and nothing else', () => {
  for (const [text, expected, why] of TEXTS) {
    assert.deepEqual(substitute({ text }, EU), { value: { text: expected }, problems: [] }, why);
  }
});

test('texts anywhere in a value are replaced, keys are not', () => {
  const value: JsonObject = parse(`
    metadata: {name: web, annotations: {note: "on \${cluster.name}"}}
    spec:
      replicas: \${vars.replicas|number}
      args: [--net, "\${vars.network}", 3, true, null]
  `);
  assert.deepEqual(
    substitute(value, EU).value,
    parse(`
      metadata: {name: web, annotations: {note: on eu}}
      spec:
        replicas: 5
        args: [--net, network3, 3, true, null]
    `),
  );
});

test('what holds no reference is the same object, not a copy', () => {
  const value = { a: { b: ['x'] }, c: { d: '${cluster.name}' }, e: '${HOME}', big: 2n ** 60n };
  const result = substitute(value, EU).value;
  assert.deepEqual(result, { a: { b: ['x'] }, c: { d: 'eu' }, e: '${HOME}', big: 2n ** 60n });
  assert.equal(result['a'], value.a);
  const untouched = { a: { b: ['x', '${HOME}'] } };
  assert.equal(substitute(untouched, EU).value, untouched);
  assert.deepEqual(value.c, { d: '${cluster.name}' });
});

const PROBLEMS: readonly {
  readonly value: JsonObject;
  readonly code: string;
  readonly severity: string;
  readonly pointer: string;
  readonly message: string;
  readonly help: string | undefined;
}[] = [
  {
    value: { spec: { args: ['a', 'x-${vars.netwrok}'] } },
    code: 'UNKNOWN_VARIABLE',
    severity: 'error',
    pointer: '/spec/args/1',
    message: 'variable "vars.netwrok" is unknown: this cluster sets no variable "netwrok"',
    help: 'Did you mean "${vars.network}"?',
  },
  {
    value: { metadata: { annotations: { 'example.com/zone': '${cluster.labels.topology.kubernetes.io/zon}' } } },
    code: 'UNKNOWN_VARIABLE',
    severity: 'error',
    pointer: '/metadata/annotations/example.com~1zone',
    message:
      'variable "cluster.labels.topology.kubernetes.io/zon" is unknown: this cluster has no label "topology.kubernetes.io/zon"',
    help: 'Did you mean "${cluster.labels.topology.kubernetes.io/zone}"?',
  },
  {
    value: { a: '${vars.constructor}' },
    code: 'UNKNOWN_VARIABLE',
    severity: 'error',
    pointer: '/a',
    message: 'variable "vars.constructor" is unknown: this cluster sets no variable "constructor"',
    help: 'Set it in the file of the cluster.',
  },
  {
    value: { a: '${vars.network|number}' },
    code: 'BAD_VARIABLE',
    severity: 'error',
    pointer: '/a',
    message: 'variable "vars.network" is not a number on this cluster, as "|number" asks',
    help: 'Write it with digits only, or drop "|number".',
  },
  {
    value: { a: '${vars.replicas|boolean}' },
    code: 'BAD_VARIABLE',
    severity: 'error',
    pointer: '/a',
    message: 'variable "vars.replicas" is not a boolean on this cluster, as "|boolean" asks',
    help: 'Set it to true or false, or drop "|boolean".',
  },
  {
    value: { a: 'port ${vars.port|number}' },
    code: 'BAD_VARIABLE',
    severity: 'error',
    pointer: '/a',
    message: '"${vars.port|number}" stands within other text, so it cannot be a number',
    help: 'Leave the type out.',
  },
  {
    value: { stringData: { url: '${vars.url:-hunter2}' } },
    code: 'BAD_VARIABLE',
    severity: 'error',
    pointer: '/stringData/url',
    message:
      '"${vars.url…" is no reference: only "|number" or "|boolean" may follow the name, and there are no defaults',
    help: 'Write "$${vars.url…" where the text itself is meant.',
  },
  {
    value: { a: '${vars.port|int}' },
    code: 'BAD_VARIABLE',
    severity: 'error',
    pointer: '/a',
    message:
      '"${vars.port…" is no reference: only "|number" or "|boolean" may follow the name, and there are no defaults',
    help: 'Write "$${vars.port…" where the text itself is meant.',
  },
  {
    value: { a: '${cluster.nmae}' },
    code: 'UNKNOWN_VARIABLE',
    severity: 'warning',
    pointer: '/a',
    message: '"${cluster.nmae}" is left as it is: a cluster has no "nmae" to refer to',
    help: 'Did you mean "${cluster.name}"?',
  },
  {
    value: { data: { '${vars.network}': 'x' } },
    code: 'BAD_VARIABLE',
    severity: 'warning',
    pointer: '/data/${vars.network}',
    message: '"${vars.network}" is left as it is: variables are replaced in values, not in keys',
    help: undefined,
  },
];

test('a reference that cannot be replaced stays, with a problem at its place', () => {
  for (const { value, help, ...rest } of PROBLEMS) {
    const problem = help === undefined ? rest : { ...rest, help };
    assert.deepEqual(substitute(value, EU), { value, problems: [problem] });
  }
});

test('a cluster without a region has none to refer to', () => {
  const { region: _, ...nowhere } = EU;
  const [problem] = substitute({ a: '${cluster.region}' }, nowhere).problems;
  assert.equal(problem?.message, 'variable "cluster.region" is unknown: this cluster has no region');
});

test('all problems are found at once', () => {
  const { problems } = substitute({ a: '${vars.x} ${vars.y}', b: ['${vars.z|number}'] }, EU);
  assert.deepEqual(
    problems.map(({ pointer }) => pointer),
    ['/a', '/a', '/b/0'],
  );
});

test('a key that JavaScript gives a meaning is a plain key', () => {
  const value: JsonObject = JSON.parse('{"data": {"__proto__": "${cluster.name}"}}');
  assert.equal(JSON.stringify(substitute(value, EU).value), '{"data":{"__proto__":"eu"}}');
});

test('the variables of a value are listed once each, sorted', () => {
  const value = {
    b: '${vars.x} ${cluster.name} $${vars.no} ${HOME}',
    a: ['${vars.x|number}', '${cluster.labels.a/b}'],
  };
  assert.deepEqual(listVariables(value), ['cluster.labels.a/b', 'cluster.name', 'vars.x']);
  assert.equal(lookUpVariable('vars.replicas', EU), 5);
  assert.equal(lookUpVariable('cluster.labels.none', EU), undefined);
});

test('clusters that agree on the listed variables get the same value', () => {
  const reference = fc.constantFrom(
    '${vars.a}',
    '${cluster.name}',
    '${cluster.labels.l}',
    '$${',
    'x',
    '${vars.b|number}',
  );
  const text = fc.array(reference, { maxLength: 4 }).map((parts) => parts.join(''));
  const cluster = fc.record({
    name: fc.constantFrom('eu', 'us'),
    labels: fc.record({ l: fc.constantFrom('1', '2') }),
    variables: fc.record({ a: fc.constantFrom('p', 'q'), b: fc.constantFrom(1, 2) }),
  });
  fc.assert(
    fc.property(text, cluster, cluster, (value, one, two) => {
      const agree = listVariables(value).every((name) => lookUpVariable(name, one) === lookUpVariable(name, two));
      const [left, right] = [substitute(value, one).value, substitute(value, two).value];
      if (agree) assert.deepEqual(left, right);
    }),
    { seed: 20261121, numRuns: 500 },
  );
});
