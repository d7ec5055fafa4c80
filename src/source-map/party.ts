/** Who owns the code of a location. The same list as PARTIES of cpu/call-tree.ts, which this room may not import. */
export type Party = 'none' | 'user' | 'dependency' | 'core';
