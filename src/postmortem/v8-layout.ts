/**
 * Where things are in the objects of one V8 version: offsets in bytes from the untagged address, instance types, constants.
 * From the binary's own `v8dbg_*` metadata, by prefix, completed by tables per version (research/postmortem.md §2.1,
 * inlined-frames.md §1 and §2). NaN = not known in this version: whoever reads it gets NaN and degrades.
 */
export interface V8Layout {
  nodeVersion: string;
  v8Version: string;
  /** 10.2 → 102, 13.6 → 136: for rules that changed between versions. */
  v8Number: number;
  /** The five versions this was measured on; false: the nearest one's tables are used, and self-tests decide. */
  isKnown: boolean;
  /** Every `v8dbg_<name>` integer, name without the prefix. */
  constants: ReadonlyMap<string, number>;
  /** Instance type by name as in metadata (`JS_FUNCTION_TYPE`), and back. */
  types: ReadonlyMap<string, number>;
  typeNames: ReadonlyMap<number, string>;
  /** `class.field` → offset; names as in V8's headers today, e.g. `Map.instanceType`, `SharedFunctionInfo.script`. The list is `FIELDS` of v8-fields.ts. */
  offset(field: string): number;
  /** Other numbers by name (`CodeKind.turbofan`, `Oddball.undefinedKind`, `ScopeInfo.firstVars` …); NaN unknown. */
  number(name: string): number;
}
