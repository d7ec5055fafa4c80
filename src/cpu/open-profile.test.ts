import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ByteSource, openBytes, openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { openProfile } from './open-profile.ts';
import { PROFILE_FORMATS, type ProfileFormat } from './profile-file.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures');
/** Files of real tools by the format they are. */
const FOLDERS: Record<string, (name: string) => ProfileFormat | undefined> = {
  cpuprofile: (name) =>
    name.endsWith('.cpuprofile') ? 'cpuprofile' : name.endsWith('.heapprofile') ? 'heapprofile' : undefined,
  'chrome-trace': (name) => (name.endsWith('.gz') ? 'chrome-trace' : undefined),
  'v8-log': (name) => (name.endsWith('.gz') ? 'v8-log' : undefined),
  folded: (name) => (/\.folded(\.gz)?$/.test(name) ? 'folded' : undefined),
  'perf-script': (name) =>
    /\.txt(\.gz)?$/.test(name) ? 'perf-script' : /\.folded(\.gz)?$/.test(name) ? 'folded' : undefined,
  pprof: (name) => (name.endsWith('.pb.gz') ? 'pprof' : undefined),
  speedscope: (name) => (name.endsWith('.speedscope.json') ? 'speedscope' : undefined),
};
const FILES = Object.entries(FOLDERS).flatMap(([folder, formatOf]) =>
  readdirSync(join(FIXTURES, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => ({ path: join(folder, name), format: formatOf(name) }))
    .filter((file): file is { path: string; format: ProfileFormat } => file.format !== undefined),
);

const bytesOf = (path: string): Buffer => {
  const bytes = readFileSync(join(FIXTURES, path));
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
};
const open = (bytes: Uint8Array | string, name = 'file') =>
  openProfile(openBytes(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, name), {});

it('has a fixture of every format', () => {
  expect([...new Set(FILES.map(({ format }) => format))].sort()).toEqual(
    // perf.data has fixtures and a reader of its own: src/perf.
    Object.keys(PROFILE_FORMATS)
      .filter((format) => format !== 'perf-data')
      .sort(),
  );
});

describe.each(FILES)('$path', ({ path, format }) => {
  it('is recognised by what is in it, whatever it is called', () => {
    expect(openProfile(openFile(join(FIXTURES, path)), {}).format).toBe(format);
    for (const name of ['download', 'misnamed.cpuprofile', 'misnamed.txt', 'misnamed.pb.gz']) {
      const { format: found, profiles } = open(bytesOf(path), name);
      expect([name, found]).toEqual([name, format]);
      expect(profiles[0]!.tree.total[0]).toBeGreaterThan(0);
    }
  });

  it('is read or refused with a reason when cut', () => {
    const bytes = bytesOf(path);
    for (const share of [0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999]) {
      try {
        expect(open(bytes.subarray(0, Math.floor(bytes.length * share)), path).format).toBe(format);
      } catch (error) {
        expect(error).toBeInstanceOf(HolterError);
        expect((error as HolterError).message).not.toBe('');
      }
    }
  });
});

describe('openProfile', () => {
  const profile = bytesOf(FILES.find(({ path }) => path.endsWith('busy.cpuprofile'))!.path);

  it('reads a compressed pipe', () => {
    const packed = gzipSync(profile);
    let at = 0;
    const pipe: ByteSource = {
      name: 'stdin',
      size: undefined,
      read(into) {
        const count = Math.min(1000, into.length, packed.length - at);
        into.set(packed.subarray(at, at + count));
        at += count;
        return count;
      },
      close() {},
    };
    expect(openProfile(pipe, {}).format).toBe('cpuprofile');
  });

  it('knows what node --cpu-prof says in a name', () => {
    const { profiles, recordedAt } = open(profile, '/tmp/CPU.20240131.142233.4711.3.001.cpuprofile');
    expect(profiles[0]!.name).toBe('worker 3');
    expect(recordedAt).toBe(new Date(2024, 0, 31, 14, 22, 33).toISOString());
  });

  it('takes the profile out of the answer of Profiler.stop, and keys in any order', () => {
    expect(open(`{"profile":${profile}}`).format).toBe('cpuprofile');
    const { nodes, ...rest } = JSON.parse(profile.toString()) as { nodes: unknown };
    expect(open(JSON.stringify({ ...rest, nodes })).format).toBe('cpuprofile');
    // The telling key lies behind what is looked at.
    const samples = new Array(200_000).fill(1);
    const big = JSON.stringify({ samples, timeDeltas: samples, nodes });
    expect(open(big, 'a.cpuprofile').format).toBe('cpuprofile');
  });

  it('lets the name decide only what the content leaves open', () => {
    expect(() => open('{"sta', 'a.cpuprofile')).toThrow(
      expect.objectContaining({ code: 'E_FILE_TRUNCATED' }),
    );
    expect(() => open('{"sta', 'a.json')).toThrow(/beginning holds nothing known/);
    expect(() => open('<!doctype html>', 'a.cpuprofile')).toThrow(/HTML/);
  });

  it.each([
    ['', /an empty file/],
    [' \n\n', /nothing but white space/],
    ['<!DOCTYPE html><html>', /an HTML page/],
    ['<?xml version="1.0"?>\n<svg xmlns="x">', /an SVG picture/],
    ['{"snapshot":{"meta":{}},"nodes":[1,2]}', /a heap snapshot/],
    ['{"nodes":[9,1,3],"edges":[]}', /a heap snapshot/],
    ['{"head":{"functionName":"(root)","children":[]}}', /Node 7 or older/],
    ['{"schema":"holter.doctor/1","findings":[]}', /holter\.doctor\/1 document/],
    ['{"meta":{"version":27},"libs":[]}', /Firefox/],
    ['{"header":{"reportVersion":3},"javascriptStack":{}}', /diagnostic report/],
    ['{"name":"holter","version":"1"}', /JSON with the keys name, version/],
    ['{}', /keys \(none\)/],
    ['[]', /an empty JSON list/],
    ['[1,2]', /a JSON list, but not of trace events/],
    ['PERFILE2\0\0\0\0', /perf\.data \(binary\)/],
    ['\x7fELF\x02\x01', /an ELF file/],
    ['a\0b\0c', /binary data/],
    ['v8-version,12,4\nshared-library,/usr/bin/node,0x1,0x2,0\n', /isolate log as it was written/],
    ['Dear all,\nthe server is slow.\n', /text, but no line ends in a count/],
    ['a b\nc d\ne f\ng;h 3\n', /few of its lines end in a count/],
  ])('refuses %j', (text, message) => {
    const refused = expect.objectContaining({
      code: 'E_FILE_FORMAT',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('holter reads V8 CPU profile (.cpuprofile), '),
    });
    expect(() => open(text, 'x.bin')).toThrow(refused);
  });

  it('names the file in what it tells to run', () => {
    expect(() => open('PERFILE2', '/tmp/perf.data')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('perf script -i /tmp/perf.data >') }),
    );
  });

  it('survives any bytes', () => {
    let state = 7;
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from({ length: round }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 24;
      });
      expect(() => open(bytes)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^E_FILE_/) }));
    }
  });
});
