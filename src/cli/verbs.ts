import { checkVerb } from './check.ts';
import { placeVerb } from './place.ts';
import { renderVerb } from './render.ts';
import { syncVerb } from './sync.ts';
import type { Verb } from './verb.ts';

/** All commands, in the order of `muster --help`. A new one is a file in this folder and a line here. */
export const VERBS: readonly Verb[] = [renderVerb, checkVerb, placeVerb, syncVerb];
