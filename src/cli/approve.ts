import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../model/errors.ts';
import { UsageError } from '../settings.ts';
import { editYaml } from '../yaml/edit.ts';
import type { Verb } from './verb.ts';

export const approveVerb: Verb = {
  name: 'approve',
  operands: 'DIGEST [DIR]',
  maxOperands: 2,
  summary: 'agree to a list of deletions that waits, by its digest',
  description:
    'Adds DIGEST to spec.approvals of fleet.yaml in DIR (default: here) and keeps everything else in the file as it is.\nThe commit is the approval: push it, and exactly the deletions that the digest stands for are made.',
  options: ['help'],
  formats: [],
  exits: { 0: 'it stands in the file', 2: 'the file could not be changed' },
  examples: [['muster approve sha256:4f1c…', 'with the digest from the status']],
  run: async ({ operands, io }) => {
    const [digest, directory = '.'] = operands;
    if (digest === undefined || !/^sha256:[0-9a-f]{32,64}$/.test(digest)) {
      throw new UsageError(
        `approve needs the digest that the status names, such as sha256:0123456789abcdef0123456789abcdef.`,
      );
    }
    const path = join(directory, 'fleet.yaml');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fileError('read', path, error);
    });
    const edited = editYaml(text, ['spec', 'approvals'], { kind: 'append', value: digest });
    if (edited.state === 'refused') throw new UsageError(`${path}: ${edited.reason}`);
    await writeFile(path, edited.text).catch((error: unknown) => {
      throw fileError('write', path, error);
    });
    io.err(`${path}: ${digest} is approved. Commit and push it.\n`);
    return 0;
  },
};

function fileError(operation: string, path: string, error: unknown): PortError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  return new PortError({
    port: 'disk',
    operation,
    subject: path,
    code: code === 'ENOENT' ? 'NOT_FOUND' : 'DISK_FULL',
    retry: false,
    safeMessage:
      code === 'ENOENT' ? 'there is no such file. Name the folder of the fleet' : `the file cannot be used (${code})`,
  });
}
