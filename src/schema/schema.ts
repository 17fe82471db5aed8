import type { JsonValue } from '../model/json.ts';

/** What a value may be. `null` is always allowed: API servers take it for a field that is absent. */
export type Schema = AnySchema | ScalarSchema | ListSchema | MapSchema | TypeSchema;

export interface AnySchema {
  readonly kind: 'any';
}

export interface ScalarSchema extends Nullable {
  readonly kind: 'scalar';
  readonly type: ScalarType;
  /** Absent: all of the type. */
  readonly values?: readonly JsonValue[];
  /** Inclusive. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** In characters (code points). */
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** `bytes` are base64. `quantity` is text or a number: `500m`, `1`. */
export type ScalarType = 'text' | 'integer' | 'number' | 'boolean' | 'bytes' | 'quantity' | 'integer-or-text';

export interface ListSchema extends Nullable {
  readonly kind: 'list';
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A map with known fields, or with any keys, or both. */
export interface MapSchema extends Nullable {
  readonly kind: 'map';
  readonly fields: ReadonlyMap<string, Schema>;
  readonly required: readonly string[];
  /** Of keys that are no field; absent: there are no others. */
  readonly rest?: Schema;
}

/** A type of Kubernetes itself, by its name in `builtin-schema.ts`. Types lead to one another in circles. */
export interface TypeSchema {
  readonly kind: 'type';
  readonly name: string;
}

interface Nullable {
  /** A required field may be null. */
  readonly nullable?: boolean;
}

export const ANY: AnySchema = { kind: 'any' };
