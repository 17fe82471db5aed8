import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');

/** What the image leaves out of its build, besides what `.dockerignore` names. */
const NOT_COPIED = ['.git', 'node_modules', 'dist'];

/**
 * Does what the Dockerfile does, in a folder: packs a copy of the checkout and installs the package, without the network.
 * Returns the program that the image would start.
 */
export async function installPackage(folder: string): Promise<string> {
  const { pack, install } = commandsOf(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
  const [source, packages, prefix] = [join(folder, 'src'), join(folder, 'package'), join(folder, 'usr')];
  await cp(ROOT, source, {
    recursive: true,
    filter: (path) => !NOT_COPIED.includes(relative(ROOT, path)),
  });
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  await mkdir(prefix);
  await shell(pack.replaceAll('/package', packages), source);
  const [tarball = ''] = await readdir(packages);
  await shell(install.replace('/tmp/*.tgz', join(packages, tarball)).concat(` --offline --prefix ${prefix}`), folder);
  return join(prefix, 'bin', 'muster');
}

/** `npm ci` needs the network; what it would install is here. */
function commandsOf(dockerfile: string): { readonly pack: string; readonly install: string } {
  const pack = /^RUN npm ci --no-audit --no-fund && (.* npm pack .*)$/m.exec(dockerfile)?.[1];
  const install = /^RUN (npm install --global .* \/tmp\/\*\.tgz) && rm /m.exec(dockerfile)?.[1];
  if (pack === undefined || install === undefined) throw new Error('the Dockerfile has other commands than this reads');
  return { pack, install };
}

async function shell(command: string, directory: string): Promise<void> {
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
  await run('sh', ['-c', command], { cwd: directory, env: { ...process.env, PATH, npm_config_loglevel: 'error' } });
}
