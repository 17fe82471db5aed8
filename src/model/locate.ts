import type { Origin } from './diagnostic.ts';
import type { DocumentSource } from './fleet.ts';

/**
 * Finds the line of a field of a document. Files are parsed again for it: only what is wrong pays for positions.
 * `pointer` is a JSON pointer within the object; where it leads nowhere, the nearest place above it is meant.
 */
export type Locate = (source: DocumentSource, pointer: string, part: 'key' | 'value') => Origin;
