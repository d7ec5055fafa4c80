import type { ByteSource } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { JsonReader } from '../base/json-reader.ts';
import type { CallTree } from './call-tree.ts';
import { emptyProfile, readProfileField } from './profile-fields.ts';
import type { ProfileFile, ReadProfileOptions } from './profile-file.ts';
import { describeFileName, openInput } from './profile-source.ts';
import { buildProfileTree, type RawProfile } from './profile-tree.ts';

export type { ReadProfileOptions } from './profile-file.ts';

/**
 * Reads a V8 CPU profile (`.cpuprofile`: Profiler.Profile of the inspector protocol; V8 src/profiler/cpu-profiler.cc)
 * into a call tree in microseconds: text, bytes, an open source, or the object itself. Times come from `samples` and
 * `timeDeltas`; `hitCount` is used only where there are no samples. Functions are merged after source maps, holter's
 * own frames (`holter:` scripts) count as `(program)`. A cut or damaged file gives what is sound, described in `partial`;
 * E_FILE_TRUNCATED or E_FILE_FORMAT when that is nothing. Files of any size: one pass through a small window, into
 * typed arrays.
 */
export function readCpuProfile(
  json: string | Uint8Array | ByteSource | object,
  options: ReadProfileOptions = {},
): CallTree {
  const reader = new JsonReader(openInput(json, 'CPU profile'));
  const notes: string[] = [];
  const raw = readProfile(reader, notes);
  return buildProfileTree(raw, options, notes);
}

/** The same as a profile file of one tree. @throws HolterError E_FILE_FORMAT, E_FILE_TRUNCATED */
export function readCpuProfileFile(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  const tree = readCpuProfile(source, options);
  const { thread, recordedAt } = describeFileName(source.name);
  return {
    format: 'cpuprofile',
    profiles: [{ name: thread, tree }],
    ...(recordedAt === undefined ? {} : { recordedAt }),
    notes: [],
  };
}

/** Reads the whole file; what is not sound goes to `notes`. */
function readProfile(json: JsonReader, notes: string[]): RawProfile {
  const kind = json.peek();
  if (kind === 'array') throw notAProfile('trace events, not a CPU profile');
  if (kind !== 'object') {
    json.skip();
    if (!json.finish())
      throw new HolterError('E_FILE_FORMAT', 'CPU profile: the file is not JSON', {
        hint: 'a .cpuprofile is JSON that begins with {"nodes":',
      });
    throw notAProfile('a single value');
  }
  const { raw, hasNodes, keys } = readFields(json, true);
  const whole = json.finish();
  if (!hasNodes && whole) throw notAProfile(`JSON with the keys ${keys.join(', ') || '(none)'}`);
  if (!hasNodes || (!whole && raw.nodes.begun === 0))
    throw new HolterError('E_FILE_TRUNCATED', 'CPU profile: the file ends before its call tree', {
      hint: 'record it again',
    });
  if (raw.nodes.length === 0)
    throw new HolterError(whole ? 'E_FILE_FORMAT' : 'E_FILE_TRUNCATED', 'CPU profile: it holds no nodes', {
      hint: 'record it again; the file was cut before the first call-tree node was written',
    });
  const damage = json.describeDamage();
  if (damage !== undefined) notes.push(damage);
  return raw;
}

interface Fields {
  raw: RawProfile;
  hasNodes: boolean;
  /** The first keys, for a message. */
  keys: string[];
}

function readFields(json: JsonReader, outermost: boolean): Fields {
  let raw = emptyProfile();
  let hasNodes = false;
  const keys: string[] = [];
  json.enterObject();
  for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
    if (keys.length < 5) keys.push(name);
    if (name === 'nodes' && json.peek() === 'array') hasNodes = true;
    if (readProfileField(json, name, raw)) continue;
    const kind = json.peek();
    if (name === 'profile' && kind === 'object' && outermost && !hasNodes) {
      // `Profiler.stop` answers `{profile: {…}}`; some tools save that whole.
      const inner = readFields(json, false);
      if (inner.hasNodes) ({ raw, hasNodes } = inner);
    } else if (name === 'traceEvents' && kind === 'array') {
      throw notAProfile('trace events, not a CPU profile');
    } else if (name === 'snapshot' && kind === 'object') {
      throw notAProfile('a heap snapshot, not a CPU profile');
    } else if (name === 'head' && kind === 'object') {
      throw notAProfile(
        holdsSizes(json) ? 'an allocation profile, not a CPU profile' : 'a CPU profile of Node 7 or older',
      );
    } else json.skip();
  }
  return { raw, hasNodes, keys };
}

/** Leaves the reader somewhere inside: an error follows. */
function holdsSizes(json: JsonReader): boolean {
  json.enterObject();
  for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
    if (name === 'selfSize') return true;
    json.skip();
  }
  return false;
}

function notAProfile(recognised: string): HolterError {
  return new HolterError('E_FILE_FORMAT', `CPU profile: the file holds ${recognised}`, {
    hint: 'expected a .cpuprofile: JSON with "nodes", "samples" and "timeDeltas"',
  });
}
