/** The example, rendered, is what it was when somebody last looked at it: digests of all clusters included. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { printExample } from '../../scripts/golden.ts';

const GOLDEN = join(import.meta.dirname, 'example');

test('every cluster of the example gets what it got before', async () => {
  const rendered = await printExample();

  assert.deepEqual(readdirSync(GOLDEN).sort(), Object.keys(rendered).sort());
  for (const [file, text] of Object.entries(rendered)) {
    assert.equal(text, readFileSync(join(GOLDEN, file), 'utf8'), `${file}: look at the difference, and run "npm run golden".`);
  }
});
