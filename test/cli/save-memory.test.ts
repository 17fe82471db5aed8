import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

test('V8 knows the flag that has it save memory: it would say so, and go on without', () => {
  const file = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'cli', 'save-memory.ts')).href;
  const code = `import { saveMemory } from ${JSON.stringify(file)}; saveMemory();`;

  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    encoding: 'utf8',
  });

  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});
