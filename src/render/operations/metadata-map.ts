import { at, isObject, mapAt, textAt } from '../../object/json.ts';
import { formatPointer } from '../../object/pointer.ts';
import { failed, type ObjectOperation } from './operation.ts';

/**
 * `{op: labels, action: add | remove | replace, value: {key: text}}` changes labels of the object itself. `replace` and
 * `remove` leave out keys that it does not have.
 */
export const labelsOperation = metadataMap('labels');

/** The same for annotations. */
export const annotationsOperation = metadataMap('annotations');

function metadataMap(field: 'labels' | 'annotations'): ObjectOperation {
  return {
    name: field,
    fields: ['action', 'value'],
    expand: (object, operation) => {
      const [action, value] = [textAt(operation, 'action'), operation['value']];
      if (action !== 'add' && action !== 'remove' && action !== 'replace')
        return failed('/action', `the action of ${field} is "add", "remove" or "replace"`);
      if (!isObject(value)) return failed('/value', `the value of ${field} is a map`);
      const before = mapAt(object, 'metadata', field);
      const missing = !isObject(at(object, 'metadata', field));
      const entries = Object.entries(value).filter(([key]) => action === 'add' || Object.hasOwn(before, key));
      if (action === 'add' && missing) {
        const ops = entries.length === 0 ? [] : [{ op: 'add', path: `/metadata/${field}`, value }];
        return { ops, problems: [] };
      }
      const ops = entries.map(([key, item]) => {
        const path = formatPointer(['metadata', field, key]);
        return action === 'remove' ? { op: 'remove', path } : { op: 'add', path, value: item };
      });
      return { ops, problems: [] };
    },
  };
}
