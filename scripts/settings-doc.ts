/**
 * Writes `docs/settings.md` from the table in `src/settings.ts`. A test compares.
 *
 *     node scripts/settings-doc.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERBS } from '../src/cli/verbs.ts';
import { type Option, type OptionName, OPTIONS } from '../src/settings.ts';

/** The text of `docs/settings.md` as it should be. */
export function printSettings(): string {
  const names = Object.keys(OPTIONS) as OptionName[]; // oxlint-disable-line no-unsafe-type-assertion -- keys of the table
  const rows = names.filter((name) => name !== 'help').map((name) => row(name, OPTIONS[name]));
  return `# Settings

Every flag and variable. A flag wins over a variable, a variable over the default; times are written \`30s\`, \`5m\`, \`1h\`. Tokens
can also stand in \`MUSTER_GIT_TOKEN\` and \`MUSTER_FORGE_TOKEN\` themselves. Made from \`src/settings.ts\` by
\`node scripts/settings-doc.ts\`.

| flag | variable | default | what | verbs |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function row(name: OptionName, option: Option): string {
  const flag = `\`${option.short === undefined ? '' : `-${option.short}, `}--${option.flag}${option.value === undefined ? '' : ` ${option.value}`}\``;
  const verbs = VERBS.filter((verb) => verb.options.includes(name)).map((verb) => verb.name);
  const cells = [
    flag,
    option.env === undefined ? '' : `\`${option.env}\``,
    option.fallback === undefined ? '' : `\`${option.fallback}\``,
    option.doc,
    verbs.join(', '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '..', 'docs', 'settings.md'), printSettings());
