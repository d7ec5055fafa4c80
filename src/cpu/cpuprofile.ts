import { HolterError } from '../base/errors.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { readJsonPrefix } from './json-prefix.ts';
import { type RawNode, readProfileNodes } from './profile-nodes.ts';
import { addTimes } from './profile-times.ts';
import { ScriptFrames } from './script-frames.ts';

export interface ReadProfileOptions {
  /** Source maps of the target's scripts. */
  maps?: SourceMaps;
  /** CLOCK_MONOTONIC of the window's ms 0 in µs (recording.json). Default: the profile's own start. */
  startedMonotonicUs?: number;
  /** The user's own folders, see classifyLocation. */
  roots?: readonly string[];
}

/**
 * Reads a V8 CPU profile (`.cpuprofile`: Profiler.Profile of the inspector protocol; V8 src/profiler/cpu-profiler.cc)
 * into a call tree in microseconds. Times come from `samples` and `timeDeltas`; `hitCount` is used only where there are
 * no samples. Functions are merged after source maps, holter's own frames (`holter:` scripts) count as `(program)`.
 * A cut or damaged file gives what is sound, described in `partial`; E_FILE_TRUNCATED or E_FILE_FORMAT when that is
 * nothing. Bounded: no recursion, one pass per table.
 */
export function readCpuProfile(json: string | Buffer | object, options: ReadProfileOptions = {}): CallTree {
  const { profile, notes, cut } = parseProfile(json);
  const nodes = readProfileNodes(profile.nodes as unknown[], notes);
  if (nodes.length === 0) {
    throw new HolterError(cut ? 'E_FILE_TRUNCATED' : 'E_FILE_FORMAT', 'CPU profile: it holds no nodes', {
      hint: 'record it again; the file was cut before the first call-tree node was written',
    });
  }
  const builder = new CallTreeBuilder('microseconds');
  const { nodeOf, inHolter } = growTree(builder, nodes, options);
  const span = addTimes(builder, profile, nodes, nodeOf, options.startedMonotonicUs, notes);
  addLines(builder, nodes, nodeOf, inHolter, options);
  return builder.finish({ ...span, partial: notes.length === 0 ? undefined : notes.join('; ') });
}

interface ParsedProfile {
  profile: Record<string, unknown>;
  notes: string[];
  cut: boolean;
}

function parseProfile(json: string | Buffer | object): ParsedProfile {
  const notes: string[] = [];
  let value: unknown = json;
  let cut = false;
  if (typeof json === 'string' || Buffer.isBuffer(json)) {
    const text = textOf(json);
    const prefix = readJsonPrefix(text);
    cut = !prefix.complete;
    value = prefix.value;
    if (cut) {
      if (value === undefined) {
        const begun = /^\s*\{\s*"/.test(text);
        throw new HolterError(
          begun ? 'E_FILE_TRUNCATED' : 'E_FILE_FORMAT',
          `CPU profile: ${begun ? 'the file ends before its call tree' : 'the file is not JSON'}`,
          { hint: 'a .cpuprofile is JSON that begins with {"nodes":' },
        );
      }
      notes.push(`file is sound for ${prefix.read} of ${prefix.total} characters`);
    }
  }
  if (typeof value !== 'object' || value === null) throw notAProfile('a single value');
  let profile = value as Record<string, unknown>;
  // `Profiler.stop` answers `{profile: {…}}`; some tools save that whole.
  if (profile.nodes === undefined && typeof profile.profile === 'object' && profile.profile !== null) {
    profile = profile.profile as Record<string, unknown>;
  }
  if (!Array.isArray(profile.nodes)) {
    if (cut) {
      throw new HolterError('E_FILE_TRUNCATED', 'CPU profile: the file ends before its call tree', {
        hint: 'record it again',
      });
    }
    throw notAProfile(describe(profile));
  }
  return { profile, notes, cut };
}

function textOf(json: string | Buffer): string {
  if (typeof json === 'string') return json;
  try {
    return json.toString('utf8');
  } catch (cause) {
    throw new HolterError(
      'E_FILE_FORMAT',
      `CPU profile: ${json.length} bytes are more than one JSON text can have`,
      {
        hint: 'record a shorter time or a longer sampling interval',
        cause,
      },
    );
  }
}

function notAProfile(recognised: string): HolterError {
  return new HolterError('E_FILE_FORMAT', `CPU profile: the file holds ${recognised}`, {
    hint: 'expected a .cpuprofile: JSON with "nodes", "samples" and "timeDeltas"',
  });
}

function describe(value: Record<string, unknown>): string {
  if (Array.isArray(value) || Array.isArray(value.traceEvents)) return 'trace events, not a CPU profile';
  if (typeof value.snapshot === 'object') return 'a heap snapshot, not a CPU profile';
  if (typeof value.head === 'object' && value.head !== null) {
    return 'selfSize' in value.head
      ? 'an allocation profile, not a CPU profile'
      : 'a CPU profile of Node 7 or older';
  }
  return `JSON with the keys ${Object.keys(value).slice(0, 5).join(', ') || '(none)'}`;
}

/** Makes builder nodes for all profile nodes, parents first. `nodeOf[row]` is the builder node that takes the row's time. */
function growTree(
  builder: CallTreeBuilder,
  nodes: readonly RawNode[],
  options: ReadProfileOptions,
): { nodeOf: Int32Array; inHolter: Uint8Array } {
  const frames = new ScriptFrames(builder, options);
  const nodeOf = new Int32Array(nodes.length);
  /** Where children hang. Differs from `nodeOf` only inside holter's own code. */
  const anchor = new Int32Array(nodes.length);
  const inHolter = new Uint8Array(nodes.length);
  const belowUser = new Uint8Array(nodes.length);
  for (const [row, node] of nodes.entries()) {
    if (row === 0) continue;
    const parent = node.parent;
    const own = node.url.startsWith('holter:');
    const party = own ? 'none' : frames.partyOf(node);
    const ofUser = party === 'user' || party === 'dependency';
    belowUser[row] = ofUser ? 1 : belowUser[parent]!;
    // Core and native functions that our timers call work for us. Where our wrapper stands between the user's code and
    // a function (a wrapped Buffer.alloc, a wrapped listener), both sides of it stay the user's.
    if (own || (inHolter[parent] === 1 && !ofUser)) {
      nodeOf[row] = builder.programNode();
      anchor[row] = anchor[parent]!;
      inHolter[row] = belowUser[parent] === 1 ? 0 : 1;
      continue;
    }
    const made = builder.child(anchor[parent]!, frames.rowOf(node));
    anchor[row] = made;
    nodeOf[row] = made;
  }
  return { nodeOf, inHolter };
}

/** Line ticks as weight: each node's self time shared out by the ticks of all profile nodes merged into it. */
function addLines(
  builder: CallTreeBuilder,
  nodes: readonly RawNode[],
  nodeOf: Int32Array,
  inHolter: Uint8Array,
  options: ReadProfileOptions,
): void {
  const ticksOf = new Float64Array(builder.length);
  for (const [row, node] of nodes.entries()) {
    for (const tick of node.ticks ?? []) ticksOf[nodeOf[row]!]! += tick.ticks;
  }
  for (const [row, node] of nodes.entries()) {
    const at = nodeOf[row]!;
    // V8 gives builtins the line of their caller: not a line of this frame.
    if (node.ticks === undefined || node.url === '' || ticksOf[at] === 0) continue;
    if (inHolter[row] === 1 || node.url.startsWith('holter:')) continue;
    const weight = builder.selfOf(at) / ticksOf[at]!;
    const mapped = options.maps?.has(node.url) === true;
    for (const tick of node.ticks) {
      const line = mapped ? options.maps?.originalLine(node.url, tick.line)?.line : tick.line;
      if (line !== undefined) builder.addLine(at, line, tick.ticks * weight);
    }
  }
}
