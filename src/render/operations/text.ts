import type { JsonValue } from '../../model/json.ts';
import { isList, isObject, printJson, textAt } from '../../object/json.ts';
import { parsePointer } from '../../object/pointer.ts';
import { parseYaml } from '../../yaml.ts';
import { editYaml } from '../../yaml/edit.ts';
import { printYaml } from '../../yaml/print.ts';
import { applyJsonPatch } from '../json-patch.ts';
import { type Expanded, failed, type ObjectOperation } from './operation.ts';
import { valueAt } from '../../object/value-at.ts';

/**
 * `{op: text, path, format: yaml | json, ops: [RFC 6902]}` changes a YAML or JSON file inside a text, such as the data of a
 * ConfigMap. Scalars of YAML are changed where they stand, so comments and layout stay; where that cannot be, and for JSON,
 * the file is printed anew.
 */
export const textOperation: ObjectOperation = {
  name: 'text',
  fields: ['path', 'format', 'ops'],
  expand: (object, operation) => {
    const [path = '', format, ops] = [textAt(operation, 'path'), textAt(operation, 'format'), operation['ops']];
    if (format !== 'yaml' && format !== 'json') return failed('/format', 'the format of a text is "yaml" or "json"');
    if (!isList(ops)) return failed('/ops', 'ops is a list of operations');
    const text = valueAt(object, parsePointer(path) ?? []);
    if (typeof text !== 'string') {
      return failed(
        '/path',
        `"${path}" is ${describe(text)}, and only inside a text there can be a file`,
        'Name a field that holds text.',
      );
    }
    const secret = object['kind'] === 'Secret';
    const changed = ops.reduce<string | Expanded>(
      (current, op, index) => (typeof current === 'string' ? changeText(current, format, op, index, secret) : current),
      text,
    );
    if (typeof changed !== 'string') return changed;
    return { ops: changed === text ? [] : [{ op: 'replace', path, value: changed }], problems: [] };
  },
};

function changeText(
  text: string,
  format: 'yaml' | 'json',
  op: JsonValue,
  index: number,
  secret: boolean,
): string | Expanded {
  const before = readText(text, format);
  if (before === undefined)
    return failed('/path', `the text is not one document of ${format === 'yaml' ? 'YAML' : 'JSON'}`);
  // The file may be a list or a plain value: within a map any of them can be changed.
  const nested = applyJsonPatch({ file: before }, [below(op)], { secret });
  if (nested.state === 'failed') {
    const problems = nested.problems.map((each) => ({
      ...each,
      message: each.message.replaceAll('"/file"', 'the file').replaceAll('"/file/', '"/'),
      pointer: `/ops/${index}`,
    }));
    return { ops: [], problems };
  }
  const after = nested.object['file'] ?? null;
  if (format === 'json') return `${printJson(after, indentOf(text))}${text.endsWith('\n') ? '\n' : ''}`;
  return editInPlace(text, op, after) ?? printYaml(after);
}

/** Only what is one scalar at a path of keys; everything else gives `undefined`. */
function editInPlace(text: string, op: JsonValue, wanted: JsonValue): string | undefined {
  const path = parsePointer(textAt(op, 'path') ?? '') ?? [];
  const value = isObject(op) ? op['value'] : undefined;
  if (textAt(op, 'op') === 'remove' || path.length === 0) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const plain = editYaml(text, path, { kind: 'set', value, plain: true });
  const edited = plain.state === 'edited' ? plain : editYaml(text, path, { kind: 'set', value });
  if (edited.state !== 'edited') return undefined;
  // An operation on a list reads like one on a map to the editor: what counts is the result.
  return printJson(readText(edited.text, 'yaml') ?? null) === printJson(wanted) ? edited.text : undefined;
}

function readText(text: string, format: 'yaml' | 'json'): JsonValue | undefined {
  const { documents, broken } = parseYaml(text, { format });
  return broken || documents.length !== 1 ? undefined : documents[0]?.value;
}

function below(op: JsonValue): JsonValue {
  if (!isObject(op)) return op;
  const from = textAt(op, 'from');
  return { ...op, path: `/file${textAt(op, 'path') ?? ''}`, ...(from === undefined ? {} : { from: `/file${from}` }) };
}

/** That of the first indented line; none where there is no line of its own. */
function indentOf(text: string): number | undefined {
  return /^\s*[[{]\n( +)/.exec(text)?.[1]?.length;
}

function describe(value: JsonValue | undefined): string {
  if (value === undefined) return 'absent';
  return isObject(value) ? 'a map' : isList(value) ? 'a list' : 'no text';
}
