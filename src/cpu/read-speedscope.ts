import { type ByteSource, readAll } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { describeForeignFrame } from './foreign-frame.ts';
import { readJsonPrefix } from './json-prefix.ts';
import type { NamedTree, ProfileFile, ReadProfileOptions } from './profile-file.ts';
import { growEvented, growSampled, type SpeedscopeStacks, unitOfSpeedscope } from './speedscope-stacks.ts';

/** Longest text V8 can hold is 2^29 − 24 characters. */
const TEXT_LIMIT = 2 ** 29 - 24;
/** A file of more threads than this is no profile; what is beyond is noted. */
const PROFILE_LIMIT = 1000;

/**
 * Reads a speedscope file (https://www.speedscope.app/file-format-schema.json): every `sampled` and `evented` profile
 * in it, the active one first. Times become µs, and ms after the earliest `startValue` of the file; unit `none`
 * becomes counts. Profiles of a unit of time keep their order as samples. py-spy writes a frame per line that ran:
 * these become one function with `lines`.
 * A cut file gives what is sound, described in `partial`.
 * @throws HolterError E_FILE_FORMAT: not speedscope, or over 512 MB; E_FILE_TRUNCATED: cut before the first stack
 */
export function readSpeedscope(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  const bytes = readAll(source, TEXT_LIMIT);
  const prefix = readJsonPrefix(new TextDecoder().decode(bytes));
  const file = asObject(prefix.value);
  const shared = asObject(file?.shared);
  const profiles = asArray(file?.profiles);
  if (shared === undefined || profiles === undefined || !Array.isArray(shared.frames)) {
    const begun = file !== undefined && !prefix.complete && typeof file.$schema === 'string';
    throw new HolterError(
      begun ? 'E_FILE_TRUNCATED' : 'E_FILE_FORMAT',
      `${source.name}: ${begun ? 'the file ends before its stacks and frames' : 'this is not a speedscope file'}`,
      { hint: 'expected JSON with "$schema": "https://www.speedscope.app/file-format-schema.json"' },
    );
  }
  const notes: string[] = [];
  const frames = readFrames(shared.frames, /^py-spy/.test(String(file?.exporter ?? '')), options);
  const known = profiles.map(asObject).filter((profile) => profile !== undefined);
  const read = known.slice(0, PROFILE_LIMIT).filter(({ type }) => type === 'sampled' || type === 'evented');
  if (known.length > PROFILE_LIMIT)
    notes.push(`${known.length - PROFILE_LIMIT} further profiles were left out`);
  const zero = read.reduce((least, profile) => Math.min(least, startOf(profile)), Number.POSITIVE_INFINITY);
  const trees = read.map((profile): NamedTree => {
    const name = typeof profile.name === 'string' && profile.name !== '' ? profile.name : 'profile';
    const problems: string[] = [];
    const builder = new CallTreeBuilder(unitOfSpeedscope(profile.unit).unit);
    const stacks: SpeedscopeStacks = { ...frames.intern(builder), zero, notes: problems };
    const span =
      profile.type === 'evented'
        ? growEvented(builder, profile, stacks)
        : growSampled(builder, profile, stacks);
    notes.push(...problems.map((problem) => `${name}: ${problem}`));
    const partial = prefix.complete
      ? undefined
      : `file is sound for ${prefix.read} of ${prefix.total} characters`;
    return { name, tree: builder.finish({ ...span, partial }) };
  });
  if (trees.length === 0) {
    throw new HolterError(
      prefix.complete ? 'E_FILE_FORMAT' : 'E_FILE_TRUNCATED',
      `${source.name}: the speedscope file holds no profile`,
      { hint: 'profiles are of the type "sampled" or "evented"' },
    );
  }
  const active = read.indexOf(asObject(profiles[Number(file?.activeProfileIndex ?? 0)]) ?? {});
  if (active > 0) trees.unshift(...trees.splice(active, 1));
  return { format: 'speedscope', profiles: trees, notes };
}

interface Frames {
  /** Enters the functions into a builder. */
  intern(builder: CallTreeBuilder): Pick<SpeedscopeStacks, 'rows' | 'lines'>;
}

function readFrames(list: readonly unknown[], linesThatRan: boolean, options: ReadProfileOptions): Frames {
  const roots = options.roots === undefined ? {} : { roots: options.roots };
  const lines = new Int32Array(list.length);
  const raw = list.map((entry, index) => {
    const frame = asObject(entry) ?? {};
    const line = lineOf(frame.line);
    if (linesThatRan) lines[index] = line;
    return { name: textOf(frame.name), file: textOf(frame.file), line, column: lineOf(frame.col) };
  });
  if (linesThatRan) {
    const first = new Map<string, number>();
    const key = ({ name, file }: { name: string; file: string }) => `${name}\n${file}`;
    for (const frame of raw) {
      const known = first.get(key(frame)) ?? frame.line;
      first.set(key(frame), frame.line > 0 ? Math.min(known || frame.line, frame.line) : known);
    }
    for (const frame of raw) frame.line = first.get(key(frame))!;
  }
  const infos = raw.map((frame) => {
    const kernel = /^\[(kernel|guest\.kernel)/.test(frame.file);
    return describeForeignFrame(kernel ? { ...frame, file: '', category: 'kernel' } : frame, roots);
  });
  return { intern: (builder) => ({ rows: Int32Array.from(infos, (info) => builder.frameRow(info)), lines }) };
}

/** In µs; infinite for a profile without time. */
function startOf(profile: Record<string, unknown>): number {
  const { unit, divisor } = unitOfSpeedscope(profile.unit);
  const start = Number(profile.startValue ?? 0) / divisor;
  return unit === 'microseconds' && Math.abs(start) <= 2 ** 52 ? start : Number.POSITIVE_INFINITY;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function asArray(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** 1-based; 0 for what is none. */
function lineOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 0x7fffffff ? Math.trunc(value) : 0;
}
