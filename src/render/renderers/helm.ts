import type { Renderer } from '../../model/extensions.ts';
import { checkChart } from '../check-chart.ts';
import { isKustomization } from '../kustomization-files.ts';
import { findBelow, findRoot, misplaced, pendingBase, startOf } from '../pending-base.ts';

/** Helm 3 takes no other name. */
const NAMES = /^Chart\.yaml$/;

/** A folder with a Helm chart: `helm template` makes its manifests, once for all clusters with the same values. */
export const helmRenderer: Renderer = {
  name: 'helm',
  // A chart further down may be a part of something else: then the folder itself says of what.
  claims: (files) =>
    findRoot(files, NAMES) !== undefined ||
    (findBelow(files, NAMES) !== undefined && !files.some((file) => isKustomization(file.path))),
  expand: (files, context) => {
    const main = findRoot(files, NAMES);
    const below = findBelow(files, NAMES);
    if (main === undefined && below !== undefined) return misplaced(below, 'a chart', context);
    if (main === undefined) return { manifests: [], diagnostics: [] };
    const other = files.find(
      (file) => isKustomization(file.path) && !file.path.slice(context.root.length + 1).includes('/'),
    );
    if (other === undefined) return pendingBase('helm', main, files, context, checkChart(main, files, context));
    const message = `the folder holds a chart and a kustomization, and only one of them can be its base`;
    const help = 'Make two apps of it, or remove one of the files.';
    return {
      manifests: [],
      diagnostics: [{ code: 'MISPLACED_FILE', severity: 'error', message, help, origin: startOf(other) }],
    };
  },
};
