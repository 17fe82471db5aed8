import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../settings.ts';
import { onDisk } from '../source/git/disk-error.ts';
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
    const text = await onDisk('read', path, readFile(path, 'utf8'));
    const edited = editYaml(text, ['spec', 'approvals'], { kind: 'append', value: digest });
    if (edited.state === 'refused') throw new UsageError(`${path}: ${edited.reason}`);
    await onDisk('write', path, writeFile(path, edited.text));
    io.err(`${path}: ${digest} is approved. Commit and push it.\n`);
    return 0;
  },
};
