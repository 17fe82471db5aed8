/**
 * Bundles what is delivered: `dist/` for the package and the image, `action/dist/` for the GitHub Action (committed; a test
 * fails when it is not what the sources build).
 *
 *     node scripts/build.ts [--action | --package] [--out DIR]
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { action: { type: 'boolean' }, package: { type: 'boolean' }, out: { type: 'string' } },
});
/** Processes of their own, each a file. */
const CHILDREN = { 'render-child': 'src/sandbox/render-child.ts', 'expand-child': 'src/sandbox/expand-child.ts' };
const all = values.action !== true && values.package !== true;
if (all || values.package === true) await buildPackage(values.out ?? join(ROOT, 'dist'));
if (all || values.action === true) await buildAction(values.out ?? join(ROOT, 'action', 'dist'));

/** The command line, the process that renders, and the demo. */
async function buildPackage(out: string): Promise<void> {
  await bundle({ main: 'src/main.ts', ...CHILDREN, demo: 'demo/main.ts' }, out, true);
}

async function buildAction(out: string): Promise<void> {
  await bundle({ index: 'action/main.ts', ...CHILDREN }, out, false);
}

async function bundle(entries: Record<string, string>, out: string, splitting: boolean): Promise<void> {
  await rm(out, { recursive: true, force: true });
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(entries).map(([name, path]) => ({ in: path, out: name })),
    outdir: out,
    bundle: true,
    splitting,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // The demo's OpenAPI check is switched off there, and its documents are 300 MB.
    external: ['@octokit/openapi', 'ajv', 'ajv-formats'],
    // Packages in CommonJS ask for Node.js modules by `require`, which an ES module does not have.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) {
    if (bytes > 50_000) console.error(`${path}  ${(bytes / 1024).toFixed(0)} KiB`);
  }
}
