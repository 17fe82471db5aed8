import type { IgnoreRule } from '../model/fleet.ts';
import { IDENTITY_FIELDS } from '../object/identity-fields.ts';
import { formatPointer, parsePointer } from '../object/pointer.ts';
import { parseGlob } from '../glob.ts';
import { type OwnDocument, type ParseContext, reportAt } from './read-kind.ts';

/** The rules of `App.spec.ignore`. What is wrong with one is an error: to ignore it would be to take back what it protects. */
export function parseIgnore(own: OwnDocument<'App'>, context: ParseContext): readonly IgnoreRule[] {
  const { document, source } = own;
  return (document.spec.ignore ?? []).map((rule, index) => {
    const place = `/spec/ignore/${index}`;
    const wrong = (pointer: string, message: string, help: string): void =>
      reportAt(source, place + pointer, { code: 'BAD_VALUE', message, help }, context);
    if (rule.fields === undefined && rule.managers === undefined)
      wrong('', 'a rule of spec.ignore says neither which fields nor whose', 'Write "fields", "managers" or both.');
    for (const [at, field] of (rule.fields ?? []).entries()) {
      const problem = fieldProblem(field);
      if (problem !== undefined) wrong(`/fields/${at}`, `"${field}" ${problem.what}`, problem.help);
    }
    for (const part of ['name', 'namespace'] as const) {
      const glob = parseGlob(rule[part] ?? '*');
      if (glob.state === 'refused')
        reportAt(source, `${place}/${part}`, { code: 'BAD_GLOB', message: glob.error }, context);
    }
    const { group, kind, name = '*', namespace = '*', fields = [], managers } = rule;
    return {
      ...(group === undefined ? {} : { group }),
      kind,
      name,
      namespace,
      fields,
      ...(managers === undefined ? {} : { managers }),
      origin: context.locate(source, place, 'value'),
      fieldOrigins: fields.map((_, at) => context.locate(source, `${place}/fields/${at}`, 'value')),
    };
  });
}

/** What names an object is not a field that can be left to somebody. */
const IDENTITY = ['/metadata', ...IDENTITY_FIELDS.map(formatPointer)];

function fieldProblem(field: string): { readonly what: string; readonly help: string } | undefined {
  if (parsePointer(field) === undefined) {
    return { what: 'is no JSON pointer', help: `Write "${asPointer(field)}".` };
  }
  if (field === '') return { what: 'is the whole object', help: 'Use the annotation muster.dev/apply: ignore.' };
  if (!IDENTITY.includes(field)) return undefined;
  return { what: 'says which object it is, and cannot be ignored', help: 'Name the fields below it, or remove it.' };
}

/** What somebody meant who wrote `spec.replicas`, `.spec.replicas` or `spec/replicas`. */
function asPointer(text: string): string {
  const parts = text.replace(/^\$?[./]/, '').split(text.includes('/') ? '/' : '.');
  return formatPointer(parts.filter((part) => part !== ''));
}
