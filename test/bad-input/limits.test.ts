/**
 * Input that asks for hours or gigabytes (bad input, 15, 31, 33 and what follows from them), given to the real program with
 * little memory: it lives, and says what is too much and where.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runMuster } from '../scenario/support/muster.ts';
import { fleetWith } from '../support/fleet-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { configMap, linesOf, writeFiles } from './support.ts';

const FILE = 'apps/web/base/x.yaml';

const CASES: Readonly<Record<string, { readonly text: string; readonly says: string }>> = {
  'a file of 5 MB': {
    text: configMap('x', `data: {a: "${'x'.repeat(5_000_000)}"}\n`),
    says: `${FILE}:1:1: TOO_LARGE: the file has 5,000,081 bytes; the limit is 1,048,576. Split it into several files.`,
  },
  'a file of 50 MB, which is not even read': {
    text: '#'.repeat(50_000_000),
    says: `${FILE}:1:1: TOO_LARGE: the file is too large: 50000000 bytes. Split the file, or move it out of the fleet.`,
  },
  '50,000 documents': {
    text: '---\na: 1\n'.repeat(50_000),
    says: `${FILE}:2001:1: TOO_LARGE: the file has 50,000 documents; the limit is 1,000. Split it into several files.`,
  },
  'a map of 60,000 keys': {
    text: configMap('x', `data:\n${Array.from({ length: 60_000 }, (_, at) => `  k${at}: v\n`).join('')}`),
    says: `${FILE}:5:3: TOO_LARGE: this map has 60,000 keys; the limit is 10,000.`,
  },
  'a million brackets': {
    text: '['.repeat(1_000_000),
    says: `${FILE}:1:103: TOO_LARGE: maps and lists are nested more than 100 deep, which is the limit.`,
  },
  '1,400 maps within one another, by their indentation': {
    text: Array.from({ length: 1400 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
    says: `${FILE}:102:103: TOO_LARGE: maps and lists are nested more than 100 deep, which is the limit.`,
  },
  'nine anchors that stand for a billion values': {
    text: configMap(
      'x',
      `data:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from('bcdefghi', (name, at) => {
        const uses = Array.from({ length: 10 }, () => `*${'abcdefgh'.charAt(at)}`);
        return `  ${name}: &${name} [${uses.join(', ')}]\n`;
      }).join('')}`,
    ),
    says: `${FILE}:9:38: TOO_LARGE: the anchors of the file stand for more than 100,000 values, which is the limit.`,
  },
  'an anchor that is used 5,000 times': {
    text: configMap('x', `data:\n  a: &a v\n${Array.from({ length: 5000 }, (_, at) => `  k${at}: *a\n`).join('')}`),
    says: `${FILE}:1006:10: TOO_LARGE: the file uses anchors more than 1,000 times, which is the limit.`,
  },
  'a mistake at every character': {
    text: configMap('x', `data: {${'}'.repeat(900_000)}\n`),
    says: `${FILE}:4:9: YAML_SYNTAX: this bracket closes nothing. Remove it, or quote the value.`,
  },
};

describe('muster check with 192 MiB of memory lives through', () => {
  for (const [name, { text, says }] of Object.entries(CASES)) {
    it(name, async () => {
      await using folder = await temporaryFolder();
      await writeFiles(folder.path, fleetWith({ [FILE]: text }));

      const { code, out } = await runMuster(['check', folder.path], { NODE_OPTIONS: '--max-old-space-size=192' });

      assert.deepEqual(linesOf(out), [says]);
      assert.equal(code, 1);
    });
  }
});
