/** What it costs that a kustomization leads nowhere; what is said of it: `test/expand/kustomize-refusals.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegularFile } from '../../src/model/snapshot.ts';
import { createReadFile, readDocuments } from '../../src/read-file.ts';
import { checkKustomization } from '../../src/render/check-kustomization.ts';

function fileOf(path: string, text = ''): RegularFile {
  return { kind: 'file', path, oid: path, bytes: Buffer.from(text) };
}

test('thousands of wrong paths in a fleet of many files: the first get a suggestion, and all are reported', () => {
  // Each compared with each would be 400 million comparisons of long names.
  const others = Array.from({ length: 20_000 }, (_, index) =>
    fileOf(`apps/web/base/components/part-${index}/service.yaml`),
  );
  const wrong = Array.from({ length: 20_000 }, (_, index) => `  - components/part-${index}/servcie.yaml\n`);
  const main = fileOf('apps/web/base/kustomization.yaml', `resources:\n${wrong.join('')}`);
  const all = new Map([main, ...others].map((file) => [file.path, file]));
  const read = createReadFile(new Map());
  const found = checkKustomization(main, {
    app: 'web',
    root: 'apps/web/base',
    all,
    locate: ({ file }) => ({ file, line: 1, column: 1 }),
    read: (file) => readDocuments(file, read),
    parseManifests: () => assert.fail('nothing is parsed'),
  });

  assert.equal(found.length, 20_000);
  assert.equal(found[0]?.help, 'Did you mean "apps/web/base/components/part-0/service.yaml"?');
  assert.equal(found.at(-1)?.help, 'Paths count from the folder of the kustomization.');
});
