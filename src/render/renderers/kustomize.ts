import type { Renderer } from '../../model/extensions.ts';
import { refuseFormat } from '../refuse-format.ts';

const NAMES = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;

/** A folder with a kustomization. It is recognised, so that its files are not taken for plain manifests. */
export const kustomizeRenderer: Renderer = {
  name: 'kustomize',
  claims: (files) => files.some((file) => NAMES.test(file.path)),
  expand: (files) =>
    refuseFormat(files, NAMES, 'a kustomization', 'Commit what "kustomize build" prints as plain files.'),
};
