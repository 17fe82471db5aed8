import { errorAt, type Finding } from './finding.ts';

/** What a file may hold (design 2, "Limits"). Each is there because a file of a few kilobytes can ask for gigabytes. */
export interface YamlLimits {
  readonly maxBytes: number;
  /**
   * For a file that holds a CustomResourceDefinition or a `kind: …List`: those are generated, and nobody can split one
   * (the dashboards of kube-prometheus are one ConfigMapList of 1,053,739 bytes).
   */
  readonly maxGeneratedBytes: number;
  readonly maxDocuments: number;
  /** Maps and lists within one another. */
  readonly maxDepth: number;
  readonly maxKeys: number;
  /** Uses of anchors (`*name`) in one file. */
  readonly maxAliases: number;
  /** What all these uses may add: one for each value and key, and one for every 64 characters of its text. */
  readonly maxExpansion: number;
}

export const YAML_LIMITS: YamlLimits = {
  maxBytes: 1024 * 1024,
  maxGeneratedBytes: 5 * 1024 * 1024,
  maxDocuments: 1_000,
  maxDepth: 100,
  maxKeys: 10_000,
  maxAliases: 1_000,
  maxExpansion: 100_000,
};

/** A finding about nesting, which several readers share. */
export function tooDeep(offset: number, maxDepth: number): Finding {
  return errorAt(
    offset,
    'TOO_LARGE',
    `maps and lists are nested more than ${group(maxDepth)} deep, which is the limit`,
  );
}

/** 1048576 → `1,048,576`. */
export function group(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
