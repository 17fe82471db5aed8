/**
 * The JSON that scripts read, as docs/json.md, docs/pull-requests.md and docs/status.md describe it. Fields that are not
 * described fail: whoever adds one describes it.
 */
import assert from 'node:assert/strict';
import { Ajv } from 'ajv';

export type DocumentKind = 'Render' | 'Check' | 'Placements' | 'Diff' | 'Sync' | 'Status' | 'Trace';

/** The document, if it is as it is described; else fails with every difference. */
export function readDocument(kind: DocumentKind, text: string): Readonly<Record<string, unknown>> {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the schema says so
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const validate = ajv.compile(schemaOf(kind));
  assert.ok(validate(document), `${kind}: ${ajv.errorsText(validate.errors, { separator: '\n' })}\n${text}`);
  return document;
}

type Schema = object | boolean;

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });

const text = { type: 'string' };
const number = { type: 'integer', minimum: 0 };
const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' };
const state = { enum: ['pending', 'success', 'failure', 'error'] };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const mapOf = (additionalProperties: Schema): Schema => ({ type: 'object', additionalProperties });

/** Fields that are there, those that may be, and no others. */
function fields(required: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  const properties = { ...required, ...optional };
  return { type: 'object', properties, required: Object.keys(required), additionalProperties: false };
}

const diagnostics = listOf(
  fields(
    {
      code: { type: 'string', pattern: '^[A-Z_]+$' },
      severity: { enum: ['error', 'warning'] },
      message: text,
      file: text,
      line: { type: 'integer', minimum: 1 },
      column: { type: 'integer', minimum: 1 },
    },
    { help: text, app: text, cluster: text },
  ),
);

const origin = fields({ file: text, line: number, column: number });
const side = fields({ revision: text, usable: { type: 'boolean' } });

const drift = listOf(
  fields({
    app: text,
    object: text,
    state: { enum: ['differs', 'missing', 'absent'] },
    fields: listOf(fields({ path: text }, { desired: true, live: true, manager: text, time: text })),
  }),
);

const statusApp = fields(
  { state: text, objects: number },
  {
    reason: text,
    refused: listOf(fields({ object: text, reason: text })),
    kept: listOf(fields({ object: text, reason: text })),
    notCurrent: listOf(fields({ object: text, state: text, message: text })),
    approval: digest,
    deletions: listOf(text),
  },
);

const KINDS: Readonly<Record<DocumentKind, Readonly<Record<string, Schema>>>> = {
  Render: { clusters: mapOf(fields({ digest, objects: listOf({ type: 'object' }) })), diagnostics },
  Check: { diagnostics },
  Placements: {
    objects: listOf(
      fields(
        {
          app: text,
          apiVersion: text,
          kind: text,
          name: text,
          clusters: mapOf(fields({ by: { type: 'string', pattern: ':\\d+$' } }, { replicas: number })),
        },
        { namespace: text },
      ),
    ),
    diagnostics,
  },
  Diff: {
    verdict: text,
    base: side,
    head: side,
    clusters: listOf(fields({ name: text, before: text, after: text, changes: number })),
    changes: listOf(
      fields({
        object: text,
        kind: { enum: ['added', 'removed', 'changed'] },
        app: text,
        clusters: listOf(text),
        others: listOf(text),
        fields: listOf(fields({ path: text }, { before: true, after: true })),
        diff: text,
        origin,
        overlays: listOf(origin),
      }),
    ),
    replicas: listOf(
      fields({
        object: text,
        app: text,
        counts: listOf(fields({ cluster: text }, { before: number, after: number })),
      }),
    ),
    removals: listOf(
      fields({
        object: text,
        app: text,
        fate: { enum: ['deleted', 'orphaned'] },
        reason: text,
        clusters: listOf(text),
      }),
    ),
    risks: listOf(text),
    notCompared: listOf(fields({ app: text, clusters: listOf(text) })),
    diagnostics,
  },
  Sync: {
    revision: text,
    clusters: mapOf(
      fields({
        state,
        text,
        digest,
        counts: fields({ created: number, configured: number, unchanged: number, deleted: number }),
        objects: listOf(fields({ app: text, object: text, outcome: text }, { reason: text })),
        skipped: listOf(fields({ app: text, object: text, outcome: text, reason: text })),
      }),
    ),
    diagnostics,
  },
  Status: {
    head: text,
    live: text,
    errors: listOf(text),
    clusters: mapOf(
      fields(
        { state, text, digest },
        {
          failure: fields({ code: text, message: text }),
          observedAt: text,
          apps: mapOf(statusApp),
          drift,
          lost: listOf(fields({ app: text, object: text, path: text, manager: text })),
        },
      ),
    ),
    statuses: listOf(fields({ revision: text, statuses: listOf(fields({ context: text, state, description: text })) })),
  },
  Trace: {
    origins: listOf(
      fields(
        { cluster: text, app: text, object: text, kind: text, file: text, line: number, column: number },
        { value: true },
      ),
    ),
  },
};

/** Only sometimes there. */
const OPTIONAL: Partial<Record<DocumentKind, Readonly<Record<string, Schema>>>> = {
  Trace: { field: text },
  Status: {
    replica: fields({ identity: text, leads: { type: 'boolean' } }, { holder: text }),
    trouble: { type: ['string', 'array'], items: text },
  },
};

function schemaOf(kind: DocumentKind): object {
  const head = { apiVersion: { const: 'muster.dev/v1alpha1' }, kind: { const: kind } };
  return { ...Object(fields({ ...head, ...KINDS[kind] }, OPTIONAL[kind])) };
}
