import type { Origin } from './diagnostic.ts';
import type { DocumentSource } from './fleet.ts';

/**
 * Finds the line of a field of a document. Files are parsed again for it. Manifests pay for that only where something is
 * wrong. Documents of ours pay always, because placements and overlays keep the places of their parts (a tenth of a second
 * for 450 of them, once): lazy places would not be plain data, and these cross to other processes.
 * `pointer` is a JSON pointer within the object; where it leads nowhere, the nearest place above it is meant.
 */
export type Locate = (source: DocumentSource, pointer: string, part: 'key' | 'value') => Origin;
