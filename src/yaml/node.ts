/**
 * A piece of a document with the place where it stands: what the YAML library and the JSON reader both give, so that
 * values, positions and edits are worked out once. `start` and `end` are offsets in the text of the whole file.
 */
export type YamlNode = ScalarNode | MapNode | ListNode | AliasNode;

interface Placed {
  readonly start: number;
  /** Behind the last character of the node itself, without comments and line ends that follow. */
  readonly end: number;
}

interface Tagged extends Placed {
  /** Resolved: `tag:yaml.org,2002:str`, `!local`, `!`. */
  readonly tag: string | undefined;
  readonly anchor: string | undefined;
}

export interface ScalarNode extends Tagged {
  readonly kind: 'scalar';
  /** Unfolded and unescaped. */
  readonly text: string;
  /** Only plain text can be anything but a string. */
  readonly plain: boolean;
}

export interface MapNode extends Tagged {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  /** Written with braces. */
  readonly flow: boolean;
}

/** `value` is undefined where a key stands alone: `{a}`. */
export interface MapEntry {
  readonly key: YamlNode;
  readonly value: YamlNode | undefined;
}

export interface ListNode extends Tagged {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
  /** Written with brackets. */
  readonly flow: boolean;
}

export interface AliasNode extends Placed {
  readonly kind: 'alias';
  readonly name: string;
}

/** Whether an entry is `<<`, which merges other maps into this one. Quoted it is an ordinary key. */
export function isMerge(entry: MapEntry): boolean {
  const { key } = entry;
  return key.kind === 'scalar' && key.plain && key.text === '<<' && key.tag === undefined;
}
