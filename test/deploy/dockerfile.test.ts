import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { at, listAt, mapAt, numberAt } from '../../src/object/json.ts';
import { readInstall } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('every stage begins with a version of Node.js that the package accepts, and all with the same', () => {
  const images = stages.map(({ image }) => image);
  const [image = ''] = images;
  assert.deepEqual(images, [image, image]);
  const [, major] = /^node:(\d+)\.\d+(?:\.\d+)?-\w+-slim(?:@sha256:[0-9a-f]{64})?$/.exec(image) ?? [];
  assert.ok(major !== undefined, `${image} names a version, not a moving "latest" or "24"`);
  assert.ok(Number(major) >= Number(readPackage().engines.node.replace('>=', '')));
});

test('what is copied from the checkout is there, and what comes from a stage is made in it', () => {
  const copies = stages.flatMap(({ instructions }) =>
    instructions.flatMap(([word, text]) => (word === 'COPY' ? [text] : [])),
  );
  assert.equal(copies.length, 2);
  for (const text of copies) {
    const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? [];
    const sources = paths.split(' ').slice(0, -1);
    assert.ok(sources.length > 0, text);
    for (const source of sources) {
      if (from === undefined) assert.ok(existsSync(join(ROOT, source)), `${source} is in the checkout`);
      else assert.ok(runsOf(from).some((run) => run.includes(source.replace(/\/[^/]*$/, ''))), `${source} is made`);
    }
  }
});

test('what the build needs is not left out of it', () => {
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const { files, scripts } = readPackage();
  for (const path of [...files, 'package-lock.json', 'scripts', 'src', ...Object.values(scripts).flatMap(scriptFiles)]) {
    if (path === 'dist') continue; // The build makes it.
    assert.ok(existsSync(join(ROOT, path)), path);
    assert.ok(!ignored.includes(path.split('/')[0] ?? ''), `${path} is ignored`);
  }
});

test('the image runs the program of the package, as the user of the Deployment, which is not root', async () => {
  const last = stages.at(-1)?.instructions ?? [];
  const find = (word: string): string => last.findLast(([each]) => each === word)?.[1] ?? '';
  const deployment = (await readInstall()).find((each) => each['kind'] === 'Deployment');
  const pod = mapAt(deployment, 'spec', 'template', 'spec');
  const [user, group] = ['runAsUser', 'runAsGroup'].map((field) => numberAt(pod, 'securityContext', field) ?? 0);
  assert.ok(user !== 0);
  assert.equal(find('USER'), `${user}:${group}`);
  assert.deepEqual(parse(find('ENTRYPOINT')), Object.keys(readPackage().bin));
  for (const container of listAt(pod, 'containers')) assert.equal(at(container, 'command'), undefined);
});

test('nothing is installed as the last user, and no secret or tool of the build is in the last stage', () => {
  const last = stages.at(-1)?.instructions ?? [];
  const afterUser = last.slice(last.findLastIndex(([word]) => word === 'USER') + 1).map(([word]) => word);
  assert.deepEqual(afterUser, ['ENTRYPOINT', 'CMD']);
  assert.deepEqual(
    last.filter(([word]) => word === 'ARG' || word === 'ADD'),
    [],
  );
  for (const [word, text] of last) if (word === 'COPY') assert.match(text, /^--from=build /);
});

type Instruction = readonly [word: string, text: string];
interface Stage {
  readonly image: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

const stages = parseStages(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));

/** Comments and lines that are continued, as Docker's reference has them; no heredocs. */
function parseStages(text: string): readonly Stage[] {
  const found: { image: string; name: string; instructions: Instruction[] }[] = [];
  const whole = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n/g, ' ');
  for (const line of whole.split('\n').filter((each) => each.trim() !== '')) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const [image = '', , name = ''] = rest.split(/\s+/);
    if (word === 'FROM') found.push({ image, name, instructions: [] });
    else found.at(-1)?.instructions.push([word, rest]);
  }
  return found;
}

function runsOf(stage: string): readonly string[] {
  return stages
    .filter(({ name }) => name === stage)
    .flatMap(({ instructions }) => instructions.flatMap(([word, text]) => (word === 'RUN' ? [text] : [])));
}

interface Package {
  readonly engines: { readonly node: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
}

function readPackage(): Package {
  // oxlint-disable-next-line no-unsafe-type-assertion -- our own file
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package;
}

/** `node scripts/build.ts --package` → `scripts/build.ts`, of what `npm pack` runs. */
function scriptFiles(command: string): readonly string[] {
  return command.includes('--package') ? (command.match(/\bscripts\/\S+/g) ?? []) : [];
}
