import type { IgnoredFields, Manifest } from '../model/manifest.ts';
import { printJson, sameJson } from '../object/json.ts';

/**
 * What changes of an object though its fields stay: whose fields are left, and whose are taken over. One line each, as comments of
 * a diff.
 */
export function ownershipNotes(before: Manifest, after: Manifest): string {
  const lines: string[] = [];
  if (!before.autoscaled && after.autoscaled) lines.push('an autoscaler has it: its replica count is handed over');
  if (before.autoscaled && !after.autoscaled)
    lines.push('no autoscaler has it any more: its replica count is set again');
  for (const manager of after.adopt.filter((each) => !before.adopt.includes(each)))
    lines.push(`fields of ${printJson(manager)} are taken over`);
  for (const manager of before.adopt.filter((each) => !after.adopt.includes(each)))
    lines.push(`fields of ${printJson(manager)} are not taken over any more`);
  for (const rule of without(after.ignored, before.ignored)) lines.push(`ignored from now on: ${describe(rule)}`);
  for (const rule of without(before.ignored, after.ignored)) lines.push(`no longer ignored: ${describe(rule)}`);
  return lines.map((line) => `# ${line}\n`).join('');
}

function without(rules: readonly IgnoredFields[], others: readonly IgnoredFields[]): readonly IgnoredFields[] {
  return rules.filter((rule) => !others.some((other) => sameRule(rule, other)));
}

function sameRule(a: IgnoredFields, b: IgnoredFields): boolean {
  return sameJson([...a.fields], [...b.fields]) && sameJson([...(a.managers ?? [])], [...(b.managers ?? [])]);
}

function describe({ fields, managers }: IgnoredFields): string {
  const what = fields.length === 0 ? 'every field' : fields.join(', ');
  return managers === undefined
    ? what
    : `${what}, where ${managers.map((each) => printJson(each)).join(' or ')} holds it`;
}
