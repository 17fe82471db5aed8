import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Verb } from './verb.ts';

export const demoVerb: Verb = {
  name: 'demo',
  operands: '',
  maxOperands: 0,
  summary: 'the example fleet on three real clusters of this machine, in a minute',
  description:
    'Starts three Kubernetes API servers, a Git server with the example fleet, a forge and the controller, and shows what\nhappens: sync, drift, a bad commit, a removal. Needs nothing but Node.js and Git; the first run obtains the API\nservers and says how. Cleans up after itself, also on Ctrl-C.',
  options: ['help'],
  formats: [],
  exits: { 0: 'everything that it showed was asserted', 1: 'something was not as it should be', 130: 'it was stopped' },
  examples: [['muster demo', 'watch it']],
  run: async ({ signal }) => {
    // A process of its own: the demo is made of test support, which is no part of the program.
    const source = import.meta.filename.endsWith('.ts');
    const script = source
      ? join(import.meta.dirname, '..', '..', 'demo', 'main.ts')
      : join(import.meta.dirname, 'demo.js');
    const child = spawn(process.execPath, [script], { stdio: 'inherit' });
    // Ctrl-C on a terminal reaches the child by itself; a signal to us alone does not.
    signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    const [code] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  },
};
