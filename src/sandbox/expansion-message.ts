import { createHash } from 'node:crypto';
import type { ChartInput, ExpansionRequest, Tool } from '../model/expansion.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { isObject, listAt, textAt } from '../object/json.ts';

/**
 * Requests as values of JSON, for the line from one process to the next: first each content that they need, once, then the
 * requests with the names of their contents.
 */
export function* encodeRequests(requests: readonly ExpansionRequest[]): Generator<object> {
  const known = new Map<Uint8Array, string>();
  const told = new Set<string>();
  for (const { files, ...request } of requests) {
    for (const { bytes } of files) {
      const name = known.get(bytes) ?? createHash('sha256').update(bytes).digest('base64url');
      known.set(bytes, name);
      if (told.has(name)) continue;
      told.add(name);
      yield { content: name, base64: Buffer.from(bytes).toString('base64') };
    }
    yield { request: { ...request, files: files.map(({ path, bytes }) => ({ path, content: known.get(bytes) })) } };
  }
}

/** The inverse of {@link encodeRequests}. What is of neither form is passed over. */
export function decodeRequests(values: readonly JsonValue[]): readonly ExpansionRequest[] {
  const contents = new Map<string, Uint8Array>();
  return values.flatMap((value) => {
    const name = textAt(value, 'content');
    if (name !== undefined) contents.set(name, Buffer.from(textAt(value, 'base64') ?? '', 'base64'));
    const request = isObject(value) ? value['request'] : undefined;
    return isObject(request) ? [decodeRequest(request, contents)] : [];
  });
}

function decodeRequest(request: JsonObject, contents: ReadonlyMap<string, Uint8Array>): ExpansionRequest {
  const version = textAt(request, 'version');
  const chart = request['chart'];
  return {
    key: textAt(request, 'key') ?? '',
    // oxlint-disable-next-line no-unsafe-type-assertion -- Muster's own message
    tool: textAt(request, 'tool') as Tool,
    ...(version === undefined ? {} : { version }),
    root: textAt(request, 'root') ?? '',
    files: listAt(request, 'files').map((file) => ({
      path: textAt(file, 'path') ?? '',
      bytes: contents.get(textAt(file, 'content') ?? '') ?? new Uint8Array(),
    })),
    // oxlint-disable-next-line no-unsafe-type-assertion -- as above
    ...(isObject(chart) ? { chart: chart as unknown as ChartInput } : {}),
  };
}
