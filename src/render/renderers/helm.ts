import type { Renderer } from '../../model/extensions.ts';
import { refuseFormat } from '../refuse-format.ts';

const NAMES = /(^|\/)Chart\.ya?ml$/;

/** A folder with a Helm chart. It is recognised, so that its templates are not taken for plain manifests. */
export const helmRenderer: Renderer = {
  name: 'helm',
  claims: (files) => files.some((file) => NAMES.test(file.path)),
  expand: (files) => refuseFormat(files, NAMES, 'a Helm chart', 'Commit what "helm template" prints as plain files.'),
};
