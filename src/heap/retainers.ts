/**
 * Who refers to a node: `edge[first[n]]` to `edge[first[n + 1] - 1]` are the ordinals of edges that lead to `n`,
 * ascending. The source of an edge is found by `edgeSource`.
 */
export interface Retainers {
  readonly first: Uint32Array;
  readonly edge: Uint32Array;
}
