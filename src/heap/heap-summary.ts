import type { Bytes } from '../base/units.ts';

/** First screen of `holter heap show`. */
export interface HeapSummary {
  name: string;
  fileBytes: Bytes;
  nodeCount: number;
  edgeCount: number;
  /** retained(root) + extraNativeBytes, DevTools' total. */
  totalBytes: Bytes;
  /** By kind as DevTools' statistics has them, and what holter splits further; Σ = total. */
  kinds: { kind: string; bytes: Bytes; count: number }[];
  classes: ClassRow[];
  /** Of those that the filter lets through. */
  classCount: number;
  /** Largest by retained size below the user's roots, system ones left out. */
  dominators: ObjectRow[];
  /** Largest by own size. */
  largest: ObjectRow[];
  /** Bytes by npm package, `''` = own code: retained of objects constructed there. */
  packages: { package: string; bytes: Bytes; count: number }[];
  partial?: string;
}

export interface ClassRow {
  name: string;
  /** `app/session.js:9`, '' unknown. */
  place: string;
  count: number;
  shallowBytes: Bytes;
  retainedBytes: Bytes;
  distance: number;
}

export interface ObjectRow {
  node: number;
  /** V8's id: what `@123` means everywhere. */
  id: number;
  className: string;
  /** Text of a string (cut), name of a function. */
  text?: string;
  shallowBytes: Bytes;
  retainedBytes: Bytes;
  /** Retaining path in JS syntax: `global.app.sessions`. */
  path: string;
  /** Most of what it contains, whoever else holds that too: `4 200 Session`. Only of `dominators`. */
  holds?: { className: string; count: number };
}
