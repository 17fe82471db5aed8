import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import { isList, isObject } from '../../src/object/json.ts';

/** An object with one mistake, and what was done to it. */
export interface Mistake {
  readonly object: JsonObject;
  readonly what: string;
}

type Path = readonly (string | number)[];

/** One of the objects with one thing changed in it: a field renamed, dropped or added, or a value of another type. */
export function oneMistake(objects: readonly JsonObject[]): fc.Arbitrary<Mistake> {
  return fc.constantFrom(...objects).chain((object) =>
    fc
      .tuple(fc.constantFrom(...places(object)), fc.constantFrom(...EDITS), fc.constantFrom(...OTHERS))
      .map(([path, edit, other]) => ({
        object: edit.apply(object, path, other),
        what: `${edit.what} ${path.join('.')} ${edit.what === 'replace' ? JSON.stringify(other) : ''}`,
      })),
  );
}

/** Everything but what says which object it is, and what is never sent. */
function places(object: JsonObject): readonly Path[] {
  const found: Path[] = [];
  const visit = (value: JsonValue, path: Path): void => {
    if (path.length > 0) found.push(path);
    if (isList(value)) value.forEach((item, index) => visit(item, [...path, index]));
    else if (isObject(value)) for (const [key, item] of Object.entries(value)) visit(item, [...path, key]);
  };
  visit(object, []);
  const kept = found.filter(
    (path) => !/^(apiVersion|kind|status|metadata$|metadata\.(name|namespace)$)/.test(path.join('.')),
  );
  return kept.length > 0 ? kept : [['metadata', 'labels']];
}

interface Edit {
  readonly what: string;
  readonly apply: (object: JsonObject, path: Path, other: JsonValue) => JsonObject;
}

const EDITS: readonly Edit[] = [
  { what: 'rename', apply: (object, path) => edit(object, path, (name, value) => [[`${name}x`, value]]) },
  {
    what: 'change the case of',
    apply: (object, path) => edit(object, path, (name, value) => [[swapCase(name), value]]),
  },
  { what: 'drop', apply: (object, path) => edit(object, path, () => []) },
  { what: 'replace', apply: (object, path, other) => edit(object, path, (name) => [[name, other]]) },
  {
    what: 'add beside',
    apply: (object, path) =>
      edit(object, path, (name, value) => [
        [name, value],
        ['extra', 'x'],
      ]),
  },
  { what: 'wrap', apply: (object, path) => edit(object, path, (name, value) => [[name, [value]]]) },
];

const OTHERS: readonly JsonValue[] = [
  null,
  true,
  1,
  1.5,
  'text',
  '',
  '1',
  [],
  {},
  ['text'],
  { key: 'value' },
  12345678901,
];

function swapCase(name: string): string {
  const [first = ''] = name;
  return (first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase()) + name.slice(1);
}

type Entry = readonly [string, JsonValue];

/** Replaces one entry of one map by others; items of lists, which have no name, keep their place or go. */
function edit(
  object: JsonObject,
  path: Path,
  change: (name: string, value: JsonValue) => readonly Entry[],
): JsonObject {
  const at = (value: JsonValue, [step, ...rest]: Path): JsonValue => {
    const inner = (name: string, item: JsonValue): readonly Entry[] =>
      rest.length === 0 ? change(name, item) : [[name, at(item, rest)]];
    if (isList(value)) {
      return value.flatMap((item, index) => (index === step ? inner('', item).map(([, changed]) => changed) : [item]));
    }
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, item]): readonly Entry[] =>
        name === step ? inner(name, item) : [[name, item]],
      ),
    );
  };
  const edited = at(object, path);
  return isObject(edited) ? edited : object;
}
