import { HolterError } from '../base/errors.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { readJsonPrefix } from './json-prefix.ts';
import { readCallFrame } from './profile-nodes.ts';
import { ScriptFrames } from './script-frames.ts';

export interface ReadHeapProfileOptions {
  maps?: SourceMaps;
  /** The user's own folders, see classifyLocation. */
  roots?: readonly string[];
}

/**
 * Reads a sampled allocation profile (`.heapprofile`: HeapProfiler.SamplingHeapProfile, V8
 * src/profiler/sampling-heap-profiler.cc) into a call tree in bytes, `samples` empty: sizes are V8's estimates of all
 * bytes behind the samples. Cut or damaged files as in readCpuProfile: `partial`, E_FILE_TRUNCATED, E_FILE_FORMAT.
 */
export function readHeapProfile(
  json: string | Buffer | object,
  options: ReadHeapProfileOptions = {},
): CallTree {
  const { head, partial } = parseHeapProfile(json);
  const builder = new CallTreeBuilder('bytes');
  const frames = new ScriptFrames(builder, options);
  const stack: { node: Record<string, unknown>; parent: number }[] = [];
  const push = (list: unknown, parent: number): void => {
    if (!Array.isArray(list)) return;
    for (let i = list.length - 1; i >= 0; i--) {
      if (typeof list[i] === 'object' && list[i] !== null) stack.push({ node: list[i], parent });
    }
  };
  builder.addSelf(0, sizeOf(head));
  push(head.children, 0);
  // JSON cannot hold a cycle, but an object handed in can: no more nodes than a tree may have.
  for (let left = 2 ** 24; stack.length > 0 && left > 0; left--) {
    const { node, parent } = stack.pop()!;
    const call = readCallFrame((node.callFrame ?? {}) as Record<string, unknown>);
    if (call.url.startsWith('holter:')) {
      // What we allocate is `(program)`; what our wrapper passes through (Buffer.alloc) stays below its caller.
      builder.addSelf(builder.programNode(), sizeOf(node));
      push(node.children, parent === 0 ? builder.programNode() : parent);
      continue;
    }
    const at = builder.child(parent, frames.rowOf(call));
    builder.addSelf(at, sizeOf(node));
    push(node.children, at);
  }
  return builder.finish({ from: 0, to: 0, partial });
}

function parseHeapProfile(json: string | Buffer | object): {
  head: Record<string, unknown>;
  partial: string | undefined;
} {
  let value: unknown = json;
  let partial: string | undefined;
  if (typeof json === 'string' || Buffer.isBuffer(json)) {
    const prefix = readJsonPrefix(String(json));
    value = prefix.value;
    if (!prefix.complete) partial = `file is sound for ${prefix.read} of ${prefix.total} characters`;
  }
  const profile = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const holder = (
    profile.head === undefined && typeof profile.profile === 'object' ? profile.profile : profile
  ) as {
    head?: unknown;
  } | null;
  const head = holder?.head;
  if (typeof head !== 'object' || head === null || (partial === undefined && !('selfSize' in head))) {
    throw new HolterError(
      partial === undefined || value === undefined ? 'E_FILE_FORMAT' : 'E_FILE_TRUNCATED',
      'allocation profile: the file has no "head" call tree',
      { hint: 'expected a .heapprofile: JSON that begins with {"head":{"callFrame":' },
    );
  }
  return { head: head as Record<string, unknown>, partial };
}

function sizeOf(node: Record<string, unknown>): number {
  const size = node.selfSize;
  return typeof size === 'number' && size > 0 && size <= 2 ** 52 ? size : 0;
}
