import { argsOperation, commandOperation } from './container-list.ts';
import { imageOperation } from './image.ts';
import { annotationsOperation, labelsOperation } from './metadata-map.ts';
import type { ObjectOperation } from './operation.ts';
import { textOperation } from './text.ts';

/** What a list of operations can hold besides those of RFC 6902. A new one is a file in this folder and a line here. */
export const OBJECT_OPERATIONS: readonly ObjectOperation[] = [
  imageOperation,
  commandOperation,
  argsOperation,
  labelsOperation,
  annotationsOperation,
  textOperation,
];
