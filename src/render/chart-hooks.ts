import type { Diagnostic } from '../model/diagnostic.ts';
import type { Expansion } from '../model/extensions.ts';
import type { BaseManifest } from '../model/fleet.ts';
import { textAt } from '../object/json.ts';

/**
 * Helm's hooks are steps of an installation, and Muster has none: it applies what should be, and again whenever it is not.
 * Tests are left out, as `helm install` leaves them out; anything else is refused, with the way to write it.
 */
export function dropHooks(manifests: readonly BaseManifest[]): Expansion {
  const kept = manifests.filter((each) => hooksOf(each).length === 0);
  const refused = manifests.filter((each) => hooksOf(each).some((hook) => !TESTS.includes(hook)));
  const warned = kept.filter(({ body }) => textAt(body, 'metadata', 'annotations', KEEP) === 'keep');
  return { manifests: kept, diagnostics: [...refused.map(refuseHook), ...warned.map(warnOfKeep)] };
}

const TESTS = ['test', 'test-success', 'test-failure'];
const HOOK = 'helm.sh/hook';
const KEEP = 'helm.sh/resource-policy';

function hooksOf({ body }: BaseManifest): readonly string[] {
  const text = textAt(body, 'metadata', 'annotations', HOOK) ?? '';
  return text.split(',').flatMap((hook) => hook.trim() || []);
}

function refuseHook(manifest: BaseManifest): Diagnostic {
  const hooks = hooksOf(manifest).filter((hook) => !TESTS.includes(hook));
  return {
    code: 'NOT_SUPPORTED',
    severity: 'error',
    message: `${nameOf(manifest)} is a hook of Helm (${hooks.join(', ')}), and there is no such step`,
    help: `${adviceFor(hooks)} Or switch it off in the values.`,
    origin: placeOf(manifest),
  };
}

function adviceFor(hooks: readonly string[]): string {
  if (hooks.every((hook) => /-(delete|rollback)$/.test(hook)))
    return 'Take it out of the chart: objects are deleted without it.';
  const wave = hooks.some((hook) => hook.startsWith('pre-')) ? '-1' : '1';
  return `Write the annotation muster.dev/wave: "${wave}" instead of ${HOOK}: it is then applied ${wave === '1' ? 'after' : 'before'} the others.`;
}

function warnOfKeep(manifest: BaseManifest): Diagnostic {
  return {
    code: 'NOT_SUPPORTED',
    severity: 'warning',
    message: `${nameOf(manifest)} asks Helm to keep it (${KEEP}), which means nothing here`,
    help: 'Set prune: false for the app, if its objects are to stay when they leave the chart.',
    origin: placeOf(manifest),
  };
}

function nameOf({ body }: BaseManifest): string {
  return `${textAt(body, 'kind') ?? '?'} "${textAt(body, 'metadata', 'name') ?? '?'}"`;
}

function placeOf({ source: { file, line, column } }: BaseManifest): Diagnostic['origin'] {
  return { file, line, column };
}
