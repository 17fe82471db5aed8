import { approveVerb } from './approve.ts';
import { checkVerb } from './check.ts';
import { convertVerb } from './convert.ts';
import { demoVerb } from './demo.ts';
import { diffVerb } from './diff.ts';
import { placeVerb } from './place.ts';
import { renderVerb } from './render.ts';
import { runVerb } from './run.ts';
import { statusVerb } from './status.ts';
import { syncVerb } from './sync.ts';
import { traceVerb } from './trace.ts';
import type { Verb } from './verb.ts';

/** All commands, in the order of `muster --help`. A new one is a file in this folder and a line here. */
export const VERBS: readonly Verb[] = [
  renderVerb,
  checkVerb,
  placeVerb,
  traceVerb,
  diffVerb,
  syncVerb,
  runVerb,
  statusVerb,
  approveVerb,
  convertVerb,
  demoVerb,
];
