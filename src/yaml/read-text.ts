import { errorAt, type Finding } from './finding.ts';
import { group, type YamlLimits } from './limits.ts';

/** The text of a file, or the first thing that makes it unreadable. `seen` is as much of the text as could be read. */
export type ReadText =
  | { readonly state: 'text'; readonly text: string }
  | { readonly state: 'refused'; readonly seen: string; readonly finding: Finding };

const BOM = '\uFEFF';

/** Characters that YAML 1.1 forbids, byte order marks behind the first, and line ends that only some readers know. */
const UNWELCOME = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\u2028\u2029\uFEFF\uFFFE\uFFFF]|\r(?!\n)|[\uD800-\uDFFF]/u;

/** As Git writes them: seven signs at the start of a line. Inside a YAML value they would be indented. */
const CONFLICT = /^(?:<{7}|>{7}|\|{7})(?= |\r?$)|^={7}(?=\r?$)/m;

const LFS_POINTER = /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//;

/** `kind: CustomResourceDefinition` or `kind: ConfigMapList`, as YAML or JSON. */
const GENERATED = /\bkind["']?\s*:\s*["']?(?:CustomResourceDefinition|\w*List)\b/;

/** Decodes a file and refuses what no parser should see. The byte order mark at its start is dropped. */
export function readText(content: string | Uint8Array, limits: YamlLimits): ReadText {
  const most = Math.max(limits.maxBytes, limits.maxGeneratedBytes);
  if (content.length > most) return refuse('', tooLarge(byteLength(content), most));
  const decoded = typeof content === 'string' ? { text: content } : decode(content);
  if ('finding' in decoded) return refuse(decoded.seen, decoded.finding);
  const text = decoded.text.startsWith(BOM) ? decoded.text.slice(1) : decoded.text;
  const bytes = byteLength(content);
  const limit = bytes > limits.maxBytes && GENERATED.test(text) ? most : limits.maxBytes;
  const finding =
    bytes > limit ? tooLarge(bytes, limit) : (findPointer(text) ?? findUnwelcome(text) ?? findConflict(text));
  return finding === undefined ? { state: 'text', text } : refuse(text, finding);
}

function refuse(seen: string, finding: Finding): ReadText {
  return { state: 'refused', seen, finding };
}

function byteLength(content: string | Uint8Array): number {
  return typeof content === 'string' ? new TextEncoder().encode(content).length : content.length;
}

function tooLarge(bytes: number, limit: number): Finding {
  const message = `the file has ${group(bytes)} bytes; the limit is ${group(limit)}`;
  return errorAt(0, 'TOO_LARGE', message, 'Split it into several files.');
}

type Decoded = { readonly text: string } | { readonly seen: string; readonly finding: Finding };

function decode(bytes: Uint8Array): Decoded {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return notUtf8(bytes);
  }
}

function notUtf8(bytes: Uint8Array): Decoded {
  if (isUtf16(bytes)) return { seen: '', finding: errorAt(0, 'NOT_TEXT', 'the file is UTF-16', SAVE_AS_UTF8) };
  const loose = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const { offset, index } = firstDamage(loose, bytes);
  const finding = errorAt(index, 'NOT_TEXT', `the file is not UTF-8 at byte ${group(offset)}`, SAVE_AS_UTF8);
  return { seen: loose, finding };
}

const SAVE_AS_UTF8 = 'Save the file as UTF-8.';

function isUtf16(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** Where the decoder put the first U+FFFD that the file does not hold itself, from 0, in bytes and in code units. */
function firstDamage(loose: string, bytes: Uint8Array): { readonly offset: number; readonly index: number } {
  let offset = 0;
  let index = 0;
  for (const char of loose) {
    if (char === '\uFFFD' && !(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd))
      break;
    const code = char.codePointAt(0) ?? 0;
    offset += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += char.length;
  }
  return { offset, index };
}

function findPointer(text: string): Finding | undefined {
  if (!LFS_POINTER.test(text)) return undefined;
  const message = 'the file is a Git LFS pointer, not its content';
  return errorAt(0, 'LFS_POINTER', message, 'Commit the file itself: remove it from .gitattributes and add it again.');
}

function findConflict(text: string): Finding | undefined {
  const found = CONFLICT.exec(text);
  if (found === null) return undefined;
  const message = 'a merge conflict was committed with its markers';
  return errorAt(found.index, 'CONFLICT_MARKER', message, 'Resolve it and remove the markers.');
}

function findUnwelcome(text: string): Finding | undefined {
  const found = UNWELCOME.exec(text);
  if (found === null) return undefined;
  const { index } = found;
  const code = found[0].codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  switch (code) {
    case 0x0d:
      return errorAt(index, 'YAML_SYNTAX', 'a line ends with CR alone', 'End lines with LF or CR LF.');
    case 0x85:
    case 0x2028:
    case 0x2029: {
      const message = `the character ${name} ends a line for kubectl and for nobody else`;
      return errorAt(
        index,
        'YAML_SYNTAX',
        message,
        `Remove it, or write it in double quotes as "\\u${name.slice(2)}".`,
      );
    }
    case 0xfeff: {
      const message = 'a byte order mark (U+FEFF) stands inside the file, where nobody can see it';
      return errorAt(index, 'NOT_TEXT', message, 'Remove it; it is left behind when files are joined.');
    }
    case 0:
      return errorAt(index, 'NOT_TEXT', 'the file holds NUL bytes: it is binary, or UTF-16', SAVE_AS_UTF8);
    default:
      return errorAt(
        index,
        'NOT_TEXT',
        `the file holds the character ${name}, which YAML does not allow`,
        'Remove it.',
      );
  }
}
