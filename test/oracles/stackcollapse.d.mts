import type { CallTree } from '../../src/cpu/call-tree.ts';

export function stacksOfTree(tree: CallTree, named?: boolean): Map<string, number>;
export function stacksOfCollapsed(text: string): Map<string, number>;
export function differentStacks(
  ours: ReadonlyMap<string, number>,
  theirs: ReadonlyMap<string, number>,
): { stack: string; ours: number; theirs: number }[];
