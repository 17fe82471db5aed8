import type { Renderer } from '../../model/extensions.ts';
import { helmRenderer } from './helm.ts';
import { kustomizeRenderer } from './kustomize.ts';
import { plainRenderer } from './plain.ts';

/** The formats of `base/`, first match first. A new one is a file in this folder and a line here. */
export const RENDERERS: readonly Renderer[] = [helmRenderer, kustomizeRenderer, plainRenderer];
