import type { Renderer } from '../../model/extensions.ts';
import { isManifestFile } from '../../read-file.ts';

/** Plain YAML and JSON files, in all folders, in the order of their paths. */
export const plainRenderer: Renderer = {
  name: 'plain',
  claims: () => true,
  expand: (files, { parseManifests }) => {
    const parts = files.filter((file) => isManifestFile(file.path)).map(parseManifests);
    return {
      manifests: parts.flatMap((part) => part.manifests),
      diagnostics: parts.flatMap((part) => part.diagnostics),
    };
  },
};
