import type { JsonObject, JsonValue } from '../model/json.ts';
import { IDENTITY_FIELDS } from '../object/identity-fields.ts';
import { at, printJson } from '../object/json.ts';
import { formatPointer } from '../object/pointer.ts';

/** A field that decides which object it is, and what a patch would make of it. */
export interface IdentityChange {
  /** `['metadata', 'name']`. */
  readonly path: readonly string[];
  /** One line for people. Names are no secrets, so the values are in it. */
  readonly message: string;
  readonly help: string;
}

/** How to say that a patch would change one of {@link IDENTITY_FIELDS}; `undefined` stands for a field that is not there. */
export function identityChange(
  path: readonly string[],
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): IdentityChange {
  const name = path.join('.');
  const show = (value: JsonValue | undefined): string => (value === undefined ? 'nothing' : printJson(value));
  return {
    path,
    message: `"${formatPointer(path)}" is ${show(before)} and would become ${show(after)}: a patch cannot change which object it is`,
    help: `Leave ${name} as it is, or give these clusters an object of their own.`,
  };
}

/** All that differ between two states of an object. */
export function identityChanges(before: JsonObject, after: JsonObject): readonly IdentityChange[] {
  return IDENTITY_FIELDS.filter((path) => at(before, ...path) !== at(after, ...path)).map((path) =>
    identityChange(path, at(before, ...path), at(after, ...path)),
  );
}
