/**
 * The rules of the house (ARCHITECTURE.md). Each failure says which rule, where, and why the rule is there.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { parseSync, Visitor } from 'oxc-parser';

const ROOT = join(import.meta.dirname, '..');

/** Stage folders: each turns values into values and knows no other stage. They meet in `model` and `reconcile.ts`. */
const STAGES = ['source', 'placement', 'render', 'diff', 'drift', 'apply', 'report'];

/** Folders that anybody may import: plain types, and pure knowledge about Kubernetes objects. */
const SHARED = ['model', 'object'];

/** What stages use besides: they know nothing of Muster but its model. */
const TOOLS = [
  'src/yaml.ts',
  'src/yaml/',
  'src/schema/',
  'src/read-file.ts',
  'src/read-output.ts',
  'src/glob.ts',
  'src/memo.ts',
  'src/concurrency.ts',
];

/**
 * The only places that may wait, look at a clock or touch the machine. Everything else is a pure function, so that a
 * render is the same everywhere and a decision can be replayed from its input.
 */
const EDGES = [
  'src/main.ts',
  'src/controller.ts',
  'src/follow.ts',
  'src/head-check.ts',
  'src/election.ts',
  'src/concurrency.ts',
  'src/reconcile.ts',
  'src/log.ts',
  'src/metrics.ts',
  'src/http-server.ts',
  'src/settings.ts',
  'src/cli/',
  'src/cluster/',
  'src/sandbox/',
  'src/source/git/',
  'src/report/forges/',
  'src/report/github-client.ts',
  'src/report/github-comments.ts',
  'src/report/publish.ts',
  'src/drift/observe.ts',
  'src/drift/preview.ts',
  'src/apply/apply-plan.ts',
  'action/',
];

/** One importer per package: replacing a package, or its bug, is then one file. `fast-json-patch` may have two. */
const PACKAGE_IMPORTERS: Readonly<Record<string, number>> = { 'fast-json-patch': 2, undici: 2 };

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

interface Import {
  readonly specifier: string;
  readonly line: number;
}

const sources = [...listFiles('src'), ...listFiles('action')].map(readSource);

test('model imports only model, and object only model and object: what everybody knows depends on nobody', () => {
  for (const folder of SHARED) {
    const allowed = folder === 'model' ? ['model'] : SHARED;
    for (const source of within(folder)) {
      for (const target of localImports(source)) {
        assert.ok(
          allowed.includes(folderOf(target.path)),
          `${source.path}:${target.line} imports ${target.path}. Files in src/${folder} are known to everybody, so they may know only src/${allowed.join(' and src/')}. Move the code that needs more into the stage that uses it.`,
        );
      }
    }
  }
});

test('stage folders do not import one another: each can be read, tested and replaced alone', () => {
  for (const stage of STAGES) {
    for (const source of within(stage)) {
      for (const target of localImports(source)) {
        const folder = folderOf(target.path);
        const fine = folder === stage || SHARED.includes(folder) || TOOLS.some((tool) => target.path.startsWith(tool));
        assert.ok(
          fine,
          `${source.path}:${target.line} imports ${target.path}. The stage ${stage} may import itself, ${SHARED.join(', ')} and ${TOOLS.join(', ')}. Stages meet in src/reconcile.ts: pass the value as a parameter.`,
        );
      }
    }
  }
});

test('nothing in src imports action, test, bench or demo', () => {
  for (const source of sources.filter((each) => each.path.startsWith('src/'))) {
    for (const target of localImports(source)) {
      assert.ok(
        target.path.startsWith('src/'),
        `${source.path}:${target.line} imports ${target.path}: what is shipped must not need what is around it.`,
      );
    }
  }
});

test('there is no import cycle, types included: every file can be understood after those it imports', () => {
  const graph = new Map(sources.map((source) => [source.path, localImports(source).map((each) => each.path)]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    assert.ok(!trail.includes(path), `Import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}.`);
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
});

test('only edge files wait, look at clocks, or touch the machine', () => {
  for (const source of sources.filter((each) => !EDGES.some((edge) => each.path.startsWith(edge)))) {
    for (const found of impurities(source)) {
      assert.fail(
        `${source.path}:${found.line} uses ${found.what}. This file is not at the edge, so it must be a pure function: pass the value as a parameter, or move the call to an edge file (EDGES in this test).`,
      );
    }
  }
});

test('every npm package has one importer', () => {
  const importers = new Map<string, Set<string>>();
  for (const source of sources) {
    for (const each of source.imports) {
      if (each.specifier.startsWith('.') || each.specifier.startsWith('node:')) continue;
      const name = each.specifier
        .split('/')
        .slice(0, each.specifier.startsWith('@') ? 2 : 1)
        .join('/');
      importers.set(name, (importers.get(name) ?? new Set()).add(source.path));
    }
  }
  for (const [name, paths] of importers) {
    const limit = PACKAGE_IMPORTERS[name] ?? 1;
    assert.ok(
      paths.size <= limit,
      `${name} is imported by ${[...paths].join(', ')}: at most ${limit} may. Import what that file exports instead.`,
    );
  }
});

test('every file of a table folder is in its table: a new one is one file and one line', () => {
  for (const { folder, table } of TABLES) {
    const listed = sources.find((source) => source.path === table);
    if (listed === undefined) continue;
    const imported = localImports(listed).map((each) => each.path);
    for (const source of sources.filter((each) => dirname(each.path) === folder && each.path !== table)) {
      assert.ok(
        imported.includes(source.path),
        `${source.path} is not in the table ${table}: nobody would ever call it.`,
      );
    }
  }
});

test('ARCHITECTURE.md names nothing that is not there', () => {
  const named = [...readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').matchAll(/`((?:src|test|docs)\/[\w./-]+)`/g)];
  assert.ok(named.length > 10);
  const missing = named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)));
  assert.deepEqual(missing, []);
});

test('no unfinished business is left on main', () => {
  const marks = new RegExp(
    `\\b(${['TO', 'FIX', 'X'].map((start) => `${start}${{ TO: 'DO', FIX: 'ME', X: 'XX' }[start]}`).join('|')})\\b`,
  );
  for (const path of ['src', 'action', 'test', 'bench', 'scripts', 'demo'].flatMap((folder) => listFiles(folder))) {
    const line = readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .findIndex((text) => marks.test(text));
    assert.equal(
      line,
      -1,
      `${path}:${line + 1} leaves work behind: do it, or open an issue and say so in the closing note.`,
    );
  }
});

/** Folders whose files are all alternatives of one thing, and the file that lists them. */
const TABLES = [
  { folder: 'src/render/renderers', table: 'src/render/renderers/table.ts' },
  { folder: 'src/drift/health', table: 'src/drift/health/table.ts' },
  { folder: 'src/report/forges', table: 'src/report/forges/table.ts' },
  { folder: 'src/source/formats', table: 'src/source/formats/table.ts' },
];

function within(folder: string): readonly Source[] {
  return sources.filter((source) => source.path.startsWith(`src/${folder}/`));
}

/** `src/model/json.ts` → `model`; `src/yaml.ts` → `src/yaml.ts`. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 && parts[0] === 'src' ? (parts[1] ?? path) : path;
}

function localImports(source: Source): readonly { readonly path: string; readonly line: number }[] {
  return source.imports
    .filter((each) => each.specifier.startsWith('.'))
    .map((each) => ({ path: relative(ROOT, join(ROOT, dirname(source.path), each.specifier)), line: each.line }))
    .filter((each) => each.path.endsWith('.ts'));
}

function impurities(source: Source): readonly { readonly what: string; readonly line: number }[] {
  const found: { what: string; line: number }[] = [];
  const add = (what: string, start: number): void => void found.push({ what, line: lineAt(source.text, start) });
  for (const each of source.imports) {
    if (each.specifier.startsWith('node:') && each.specifier !== 'node:crypto') {
      found.push({ what: each.specifier, line: each.line });
    }
  }
  const visitor = new Visitor({
    FunctionDeclaration: (node) => node.async && add('an async function', node.start),
    FunctionExpression: (node) => node.async && add('an async function', node.start),
    ArrowFunctionExpression: (node) => node.async && add('an async function', node.start),
    AwaitExpression: (node) => add('await', node.start),
    Identifier: (node) =>
      ['process', 'setTimeout', 'setInterval', 'fetch', 'performance'].includes(node.name) &&
      add(node.name, node.start),
    MemberExpression: (node) => {
      const text = source.text.slice(node.start, node.end);
      if (['Date.now', 'Math.random', 'crypto.randomUUID'].includes(text)) add(text, node.start);
    },
    NewExpression: (node) => {
      if (/^new Date\(\s*\)/.test(source.text.slice(node.start, node.end))) add('new Date()', node.start);
    },
  });
  visitor.visit(parseSync(source.path, source.text).program);
  return found;
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .sort();
  } catch {
    return []; // The folder comes with a later change.
  }
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const { module } = parseSync(path, text);
  const specifiers = [
    ...module.staticImports.map((each) => ({ specifier: each.moduleRequest.value, start: each.start })),
    ...module.staticExports.flatMap((each) =>
      each.entries.flatMap((entry) =>
        entry.moduleRequest === null ? [] : [{ specifier: entry.moduleRequest.value, start: each.start }],
      ),
    ),
    ...module.dynamicImports.map((each) => ({
      specifier: text.slice(each.moduleRequest.start + 1, each.moduleRequest.end - 1),
      start: each.start,
    })),
  ];
  return { path, text, imports: specifiers.map(({ specifier, start }) => ({ specifier, line: lineAt(text, start) })) };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
