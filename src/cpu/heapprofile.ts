import type { ByteSource } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { JsonReader } from '../base/json-reader.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import { AllocationNodes, readAllocationNodes, walkAllocationNodes } from './allocation-nodes.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import type { ProfileFile, ReadProfileOptions } from './profile-file.ts';
import { describeFileName, isByteSource, openInput } from './profile-source.ts';
import { OF_HOLTER, ScriptFrames } from './script-frames.ts';

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
  json: string | Uint8Array | ByteSource | object,
  options: ReadHeapProfileOptions = {},
): CallTree {
  const nodes = new AllocationNodes();
  const partial = readInto(json, nodes);
  const builder = new CallTreeBuilder('bytes');
  const frames = new ScriptFrames(builder, nodes.functions, options);
  frames.look(nodes.fn.values.subarray(1, nodes.length));
  /** Where the children of a node hang. */
  const anchor = new Int32Array(nodes.length);
  builder.addSelf(0, nodes.size.values[0]!);
  for (let row = 1; row < nodes.length; row++) {
    const parent = anchor[nodes.parent.values[row]!]!;
    const fn = nodes.fn.values[row]!;
    const size = nodes.size.values[row]!;
    if ((frames.facts[fn]! & OF_HOLTER) !== 0) {
      // What we allocate is `(program)`; what our wrapper passes through (Buffer.alloc) stays below its caller.
      builder.addSelf(builder.programNode(), size);
      anchor[row] = parent === 0 ? builder.programNode() : parent;
      continue;
    }
    const at = builder.child(parent, frames.row[fn]!);
    builder.addSelf(at, size);
    anchor[row] = at;
  }
  return builder.finish({ from: 0, to: 0, partial });
}

/** The same as a profile file of one tree. @throws HolterError E_FILE_FORMAT, E_FILE_TRUNCATED */
export function readHeapProfileFile(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  const tree = readHeapProfile(source, options);
  const { thread, recordedAt } = describeFileName(source.name);
  return {
    format: 'heapprofile',
    profiles: [{ name: thread, tree }],
    ...(recordedAt === undefined ? {} : { recordedAt }),
    notes: [],
  };
}

/** Fills `nodes`, at least with a root; returns what to say of a damaged file. */
function readInto(
  input: string | Uint8Array | ByteSource | object,
  nodes: AllocationNodes,
): string | undefined {
  if (typeof input !== 'string' && !(input instanceof Uint8Array) && !isByteSource(input)) {
    const { head, profile } = input as { head?: unknown; profile?: { head?: unknown } | null };
    const root = head ?? profile?.head;
    if (typeof root !== 'object' || root === null || !('selfSize' in root)) throw noHead(false);
    walkAllocationNodes(root as Record<string, unknown>, nodes);
    return undefined;
  }
  const json = new JsonReader(openInput(input, 'allocation profile'));
  const begun = json.peek() === 'object';
  const isAllocations = findHead(json, nodes, true);
  const damage = json.finish() ? undefined : json.describeDamage();
  if (nodes.length === 0 || (damage === undefined && !isAllocations))
    throw noHead(damage !== undefined && begun);
  return damage;
}

/** Reads what is below the first "head"; whether it has sizes. */
function findHead(json: JsonReader, nodes: AllocationNodes, outermost: boolean): boolean {
  let hasSizes = false;
  if (!json.enterObject()) return false;
  for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
    if (name === 'head' && nodes.length === 0) hasSizes = readAllocationNodes(json, nodes);
    else if (name === 'profile' && outermost && json.peek() === 'object')
      hasSizes = findHead(json, nodes, false) || hasSizes;
    else json.skip();
  }
  return hasSizes;
}

function noHead(cut: boolean): HolterError {
  return new HolterError(
    cut ? 'E_FILE_TRUNCATED' : 'E_FILE_FORMAT',
    'allocation profile: the file has no "head" call tree',
    { hint: 'expected a .heapprofile: JSON that begins with {"head":{"callFrame":' },
  );
}
