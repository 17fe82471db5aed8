/** Documentation that cannot rot: what it lists is compared with what the code has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DIAGNOSTIC_CODES } from '../src/model/diagnostic.ts';
import { PORT_CODES } from '../src/model/errors.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

test('docs/errors.md has a section for every code, and none for a code that is gone', () => {
  const sections = [...read('docs/errors.md').matchAll(/^### ([A-Z_]+)$/gm)].map((match) => String(match[1]));
  assert.deepEqual(sections.toSorted(), [...Object.keys(DIAGNOSTIC_CODES), ...Object.keys(PORT_CODES)].toSorted());
});
