import { showHidden } from '../object/hidden.ts';

/**
 * Text from the repository as Markdown shows it: no mentions, no links, no images, no HTML, no line breaks, nothing
 * invisible that turns the direction of reading.
 */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]()#+!|~<>&]/g, (mark) =>
      mark === '<' ? '&lt;' : mark === '>' ? '&gt;' : mark === '&' ? '&amp;' : `\\${mark}`,
    )
    .replace(/@(?=\w)/g, '@\u200b')
    .replace(/(https?):\/\//gi, '$1:\u200b//')
    .replace(/\bwww\./gi, 'www\u200b.');
}

/** A name in code font, whatever backticks it holds. */
export function codeSpan(text: string): string {
  const clean = visible(text).replace(/\s+/g, ' ');
  const fence = '`'.repeat(longestRun(clean) + 1);
  const space = clean.startsWith('`') || clean.endsWith('`') ? ' ' : '';
  return `${fence}${space}${clean}${space}${fence}`;
}

/** A block that nothing in `text` can end. */
export function codeBlock(text: string, language: string): string {
  const clean = visible(text);
  const fence = '`'.repeat(Math.max(3, longestRun(clean) + 1));
  return `${fence}${language}\n${clean.trimEnd()}\n${fence}\n`;
}

/** Characters that nobody sees become visible, but for the line ends of Windows. */
export function visible(text: string): string {
  return showHidden(text.replaceAll('\r', ''));
}

function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}
