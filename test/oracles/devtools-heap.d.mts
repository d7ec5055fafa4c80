/** A row of the class list of DevTools' memory panel. */
export interface DevToolsClass {
  /** `scriptId,line,column,name` or `,name`. */
  key: string;
  name: string;
  count: number;
  self: number;
  /** Of instances that are not below another instance. */
  maxRet: number;
  distance: number;
}

/** What Chrome DevTools says about a heap snapshot; columns by node ordinal. */
export interface DevToolsHeap {
  nodeCount: number;
  /** Shallow sizes as shown: what backing stores and the like have is given to their owners. */
  self: Float64Array;
  retained: Float64Array;
  /** Immediate dominator, an ordinal. */
  dominator: Uint32Array;
  distance: Int32Array;
  /** Row of `aggregates`, 0xffffffff none (no size of its own). */
  classOf: Uint32Array;
  /** 0 unknown, 1 attached, 2 detached. */
  detachedness: Uint8Array;
  aggregates: DevToolsClass[];
  total: number;
  statistics: {
    total: number;
    native: { total: number; typedArrays: number };
    v8heap: { total: number; code: number; jsArrays: number; strings: number; system: number };
  };
  duplicates: { value: string; count: number; self: number; retained: number }[];
  /** Only when compared: classes with new or gone objects. */
  comparison?: {
    key: string;
    name: string;
    addedCount: number;
    removedCount: number;
    addedSize: number;
    removedSize: number;
  }[];
  /** Parse, graph and class list, without the comparison; bytes and seconds of the process. */
  took: {
    nodeCount: number;
    cpuSeconds: number;
    parseCpuSeconds: number;
    wallSeconds: number;
    peakRss: number;
  };
}

export const DEVTOOLS_CHILD: string;
export const DEVTOOLS_FLAGS: string[];

/**
 * Reads a snapshot with DevTools' own worker (two threads as in Chrome), in a process of its own. `comparison` is an
 * older snapshot. Answers are kept by the content of the files.
 *
 * @throws Error when the worker cannot be installed or fails
 */
export function readWithDevTools(path: string, options?: { comparison?: string }): Promise<DevToolsHeap>;
