/**
 * A value that JSON can carry. `bigint` stands for an integer that a double cannot hold exactly: YAML and API servers
 * may carry 64-bit integers, and a rounded one would be written back as a change nobody made.
 */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

/** A JSON object. Keys keep the order in which they were read. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}
