/** Code blocks of the documentation, and the files that they show. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...markdownIn('docs'),
  ...markdownIn('docs/adr'),
];

/** What stands in a fenced block. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** All fenced blocks of a text. */
export function codeBlocks(text: string): readonly Block[] {
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }));
}

/** The blocks of a page that are files of a fleet. */
export function fleetFiles(page: string): readonly Block[] {
  const blocks = codeBlocks(readFileSync(join(ROOT, page), 'utf8'));
  return blocks.filter((block) => block.language === 'yaml' && block.text.startsWith('# file: '));
}

/** Whether kustomize or Helm is needed to render what a page shows. */
export function needsPrograms(files: readonly Block[]): boolean {
  return files.some(({ text }) => /^# file: \S+\/(kustomization|Chart)\.yaml$/m.test(text));
}

/**
 * Writes the files of a page, over a copy of the example where one of them asks for it. A page may show a file in several
 * states: `onState` is asked before a file is overwritten, for each of them is a fleet of its own.
 */
export async function writeFleet(
  folder: string,
  files: readonly Block[],
  onState: () => Promise<void> = async () => {},
): Promise<void> {
  if (files.some((block) => block.text.includes('# example:'))) copyExample(folder);
  const shown = new Set<string>();
  for (const { text } of files) {
    const name = /^# file: (\S+)/.exec(text)?.[1] ?? '';
    if (shown.has(name)) await onState();
    shown.add(name);
    writeBlock(join(folder, name), text);
  }
}

function writeBlock(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

export function copyExample(folder: string): void {
  cpSync(join(ROOT, 'examples', 'fleet-repo'), folder, { recursive: true });
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}
