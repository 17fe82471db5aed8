import type { Renderer } from '../../model/extensions.ts';
import { checkKustomization } from '../check-kustomization.ts';
import { kustomizationFiles, NAMES } from '../kustomization-files.ts';
import { findBelow, findRoot, misplaced, pendingBase } from '../pending-base.ts';

/** A folder with a kustomization: `kustomize build` makes its manifests, once for all clusters. */
export const kustomizeRenderer: Renderer = {
  name: 'kustomize',
  claims: (files) => findBelow(files, NAMES) !== undefined,
  expand: (files, context) => {
    const main = findRoot(files, NAMES);
    const below = findBelow(files, NAMES);
    if (main === undefined && below !== undefined) return misplaced(below, 'a kustomization', context);
    if (main === undefined) return { manifests: [], diagnostics: [] };
    const seen = kustomizationFiles(files, context);
    const diagnostics = seen.flatMap((file) => checkKustomization(file, context));
    return pendingBase('kustomize', main, seen, context, diagnostics);
  },
};
