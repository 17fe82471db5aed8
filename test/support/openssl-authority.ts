import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Why tests that need certificates are skipped, or `false`: Node.js itself makes none. */
export const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

/** An authority of its own, and what it certifies: `subjectAltName` as openssl writes it, `days` below 0 for an expired one. */
export function createAuthority(folder: string): {
  readonly ca: string;
  certify(subjectAltName: string, days?: number): Certificate;
} {
  const openssl = (...args: readonly string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  );
  return {
    ca: read('ca.crt'),
    certify(subjectAltName, days = 2) {
      openssl('req', ...newKey, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf');
      writeFileSync(join(folder, 'leaf.ext'), `subjectAltName=${subjectAltName}\n`);
      const from = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'leaf.ext'];
      openssl('x509', '-req', '-in', 'leaf.csr', ...from, '-days', String(days), '-out', 'leaf.crt');
      return { cert: read('leaf.crt'), key: read('leaf.key') };
    },
  };
}
