/**
 * The fields that decide which object it is: under another name it is another object, and a field that moved between versions
 * would be checked against the wrong schema. The group is part of `apiVersion`.
 */
export const IDENTITY_FIELDS: readonly (readonly string[])[] = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
];
