import manifest from '../package.json' with { type: 'json' };

/** Of the package, as `package.json` has it; the bundle carries it along. */
export const VERSION = manifest.version;
