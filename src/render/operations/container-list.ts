import { isList, listAt, textAt } from '../../object/json.ts';
import { nearestName } from '../../object/nearest.ts';
import { formatPointer } from '../../object/pointer.ts';
import { containersOf } from './containers.ts';
import { failed, idle, type ObjectOperation } from './operation.ts';

/** `{op: args, container, action: add | remove, value: [...]}` appends to the arguments of a container, or takes some out. */
export const argsOperation = containerList('args');

/** The same for its command. */
export const commandOperation = containerList('command');

function containerList(field: 'args' | 'command'): ObjectOperation {
  return {
    name: field,
    fields: ['container', 'action', 'value'],
    expand: (object, operation) => {
      const [name = '', action] = [textAt(operation, 'container'), textAt(operation, 'action')];
      const value = operation['value'];
      if (action !== 'add' && action !== 'remove')
        return failed('/action', `the action of ${field} is "add" or "remove"`);
      if (!isList(value) || value.some((each) => typeof each !== 'string'))
        return failed('/value', `the value of ${field} is a list of texts`);
      const containers = containersOf(object);
      const found = containers.find(({ container }) => textAt(container, 'name') === name);
      if (found === undefined) {
        const known = containers.flatMap(({ container }) => textAt(container, 'name') ?? []);
        const near = nearestName(name, known);
        const kind = textAt(object, 'kind') ?? '';
        const help = near === undefined ? `It has: ${known.join(', ') || 'none'}.` : `Did you mean "${near}"?`;
        return idle(
          '/container',
          `${kind} "${textAt(object, 'metadata', 'name') ?? ''}" has no container "${name}"`,
          help,
        );
      }
      const before = listAt(found.container, field);
      const after = action === 'add' ? [...before, ...value] : before.filter((each) => !value.includes(each));
      const path = formatPointer([...found.path, field]);
      return { ops: after.length === before.length ? [] : [{ op: 'add', path, value: after }], problems: [] };
    },
  };
}
