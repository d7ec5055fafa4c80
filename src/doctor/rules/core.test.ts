import { describe, expect, it } from 'vitest';
import type { CoreEvidence, CoreFrame, CoreHolder } from '../../recording/core-evidence.ts';
import { drawEvidence } from '../evidence.fixture.ts';
import { judge } from '../judge.ts';
import type { DoctorReport } from '../report.ts';

/** Cores of a server in /srv/api. */
const native = (name: string): CoreFrame => ({
  function: name,
  file: '',
  line: 0,
  column: 0,
  isNative: true,
});
const js = (name: string, file: string, line: number): CoreFrame => ({
  function: name,
  file,
  line,
  column: 5,
  isNative: false,
});
const holder = (
  kind: CoreHolder['kind'],
  name: string,
  edge = '',
  edgeName = '',
  file = '',
  line = 0,
): CoreHolder => ({
  kind,
  name,
  file,
  line,
  column: 1,
  edge,
  edgeName,
});
const idle: CoreEvidence = {
  schema: 'holter.core-evidence/1',
  core: './core.4711',
  crash: null,
  exception: null,
  thread: { tid: 4711, state: 'idle in its event loop', isIdle: true },
  frames: [native('epoll_pwait'), native('uv__io_poll'), native('uv_run')],
  request: null,
  heap: { usedBytes: 60e6, limitBytes: 100e6, spaces: [{ name: 'old_space', usedBytes: 50e6 }] },
  objects: { count: 500_000, bytes: 50e6, outsideBytes: 0 },
  classes: [{ name: 'Session', kind: 'class', count: 20_000, bytes: 2e6, outsideBytes: 0, place: '' }],
  held: null,
  problems: [],
};
const busy: Partial<CoreEvidence> = {
  thread: { tid: 4711, state: 'running JavaScript', isIdle: false },
  frames: [
    native('Builtins_StringIndexOf'),
    js('replace', '/srv/api/node_modules/words/index.js', 4),
    js('clean', '/srv/api/text.js', 12),
    js('handle', 'file:///srv/api/server.js', 40),
    js('Server.emit', 'node:events', 519),
    native('uv_run'),
  ],
  request: { method: 'POST', url: '/clean', path: 'handle:req' },
};
const module = '/srv/api/sessions.js';
const held = (share: number, chain?: CoreHolder[]): NonNullable<CoreEvidence['held']> => ({
  name: 'Session',
  count: 20_000,
  bytes: 2e6,
  chain: chain ?? [
    holder('engine', '(FixedArray)', 'element', '3'),
    holder('object', 'Server', 'property', '_events'),
    holder('function', 'handle', 'internal', 'context', '/srv/api/server.js', 30),
    holder('scope', '', 'context', 'app', module, 7),
    holder('object', 'App', 'property', 'sessions'),
    holder('object', 'Map', 'internal', 'entry'),
    holder('object', 'Session'),
  ],
  root: 'a global handle of C++',
  retainedBytes: idle.objects.bytes * share,
  retainedObjects: 90_000,
});
const judged = (core: Partial<CoreEvidence>): DoctorReport => {
  const evidence = drawEvidence({
    access: 'outside',
    sources: { [module]: `${'\n'.repeat(6)}const app = new App();` },
  });
  return judge({ ...evidence, core: { ...idle, ...core } });
};
const kinds = ({ findings }: DoctorReport): string[] => findings.map(({ kind }) => kind);

describe('a core without anything wrong', () => {
  it('has no finding, says what was looked for, and is a report about a core', () => {
    const report = judged({});
    expect(report.findings).toEqual([]);
    expect(report.core).toBe('./core.4711');
    expect(report.verdict).toMatch(/^Nothing wrong to be seen in this core/);
    expect(report.checked).toEqual(
      expect.arrayContaining([
        'out-of-memory-risk',
        'application-errors',
        'event-loop-stuck',
        'memory-leak-heap',
      ]),
    );
  });

  it('says how it ended where no rule knows why, and what could not be read', () => {
    const report = judged({
      crash: { signal: 'SIGSEGV', reason: 'segmentation fault in sqlite3_step', message: '' },
      problems: ['the core is cut: 3 GB are missing'],
    });
    expect(report.verdict).toBe(
      'Ended by SIGSEGV: segmentation fault in sqlite3_step; no cause was found in the core',
    );
    expect(report.gaps).toEqual(['the core is cut: 3 GB are missing']);
  });
});

describe('out of memory', () => {
  const crash = {
    signal: 'SIGABRT',
    reason: 'out of memory: the JavaScript heap reached its limit',
    message: 'FATAL ERROR: x',
  };

  it('names spaces, limit, the allocating line, and who holds what fills it', () => {
    const report = judged({ ...busy, crash, held: held(0.8) });
    expect(kinds(report)).toEqual(['out-of-memory-risk']);
    const [finding] = report.findings;
    expect(finding?.title).toBe(
      'Ended out of memory at 60 MB of 100 MB: app.sessions keeps 40 MB, 20 000 Session',
    );
    expect(finding?.where[0]).toMatchObject({ file: 'sessions.js', line: 7 });
    expect(finding?.where[1]).toMatchObject({ function: 'clean', file: 'text.js', line: 12 });
    expect(finding?.source?.lines.join('')).toContain('const app = new App();');
    const told = finding?.evidence.map(({ text }) => text).join(' ');
    expect(told).toContain('The last memory was asked for in clean (text.js:12).');
    expect(told).toContain('Spaces of the heap: old space 50 MB.');
    expect(told).toContain('Held so: variable app > App.sessions > Map entry > Session.');
    expect(told).toContain('While handling POST /clean.');
    expect(finding?.advice).toContain('app.sessions');
    expect(report.verdict).toBe(finding?.title);
  });

  it('stands without a holder, heap spaces or stack', () => {
    const [finding] = judged({ crash, heap: null, frames: [] }).findings;
    expect(finding?.title).toBe('Ended out of memory at 50 MB');
    expect(finding?.advice).not.toMatch(/\{|undefined/);
  });

  it.each([
    [84, []],
    [86, ['out-of-memory-risk']],
  ])('an abort without a reason at %i %% of the limit', (percent, expected) => {
    const heap = { usedBytes: percent * 1e6, limitBytes: 100e6, spaces: [] };
    expect(kinds(judged({ crash: { signal: 'SIGABRT', reason: '', message: '' }, heap }))).toEqual(expected);
    // One that runs is not dead.
    expect(kinds(judged({ heap }))).toEqual([]);
  });
});

describe('an error that nobody caught', () => {
  const crash = {
    signal: 'SIGTRAP',
    reason: 'uncaught exception (--abort-on-uncaught-exception)',
    message: '',
  };

  it('names error, line, callers and request', () => {
    const report = judged({ ...busy, crash, exception: { name: 'RangeError', message: 'no such\nword' } });
    expect(kinds(report)).toEqual(['application-errors']);
    const [finding] = report.findings;
    expect(finding?.title).toBe('RangeError: no such word in clean, caught by nobody: the process ended');
    expect(finding?.where.map(({ file, line }) => `${file}:${line}`)).toEqual(['text.js:12', 'server.js:40']);
    expect(finding?.next).toEqual([
      'holter core bt ./core.4711 --values',
      'holter core inspect ./core.4711 handle:req',
    ]);
    expect(report.verdict).toBe(`${finding?.title} at text.js:12`);
  });

  it('is told without what was thrown, and without frames of the program', () => {
    const [finding] = judged({ crash, frames: [native('node::Abort')] }).findings;
    expect(finding?.title).toBe('An error, caught by nobody: the process ended');
    expect(finding?.where).toEqual([]);
  });

  it('quotes paths for the shell', () => {
    const [finding] = judged({ ...busy, crash, core: "/tmp/it's a core" }).findings;
    expect(finding?.next[0]).toBe("holter core bt '/tmp/it'\\''s a core' --values");
  });
});

describe('a thread at work', () => {
  it('is a warning: one look cannot tell for how long', () => {
    const report = judged(busy);
    expect(kinds(report)).toEqual(['event-loop-stuck']);
    const [finding] = report.findings;
    expect(finding).toMatchObject({ severity: 'warning', confidence: 0.5 });
    expect(finding?.title).toBe('clean was running when the core was taken: nobody was served meanwhile');
    expect(finding?.where.map(({ function: name }) => name)).toEqual(['clean', 'handle']);
  });

  it('is likelier stuck where somebody ended it with a signal', () => {
    const [finding] = judged({ ...busy, crash: { signal: 'SIGQUIT', reason: '', message: '' } }).findings;
    expect(finding?.confidence).toBeGreaterThan(0.6);
    expect(finding?.title).toContain('SIGQUIT');
  });

  it('is not stuck where it ended itself, nor in frames of nobody', () => {
    const crash = { signal: 'SIGABRT', reason: 'process.abort() was called', message: '' };
    expect(kinds(judged({ ...busy, crash }))).toEqual([]);
    expect(
      kinds(judged({ ...busy, frames: [js('start', 'node:internal/main', 3), native('uv_run')] })),
    ).toEqual([]);
  });

  it('is told of its packages where nothing else is on the stack', () => {
    const [finding] = judged({ ...busy, frames: busy.frames!.slice(0, 2) }).findings;
    expect(finding?.where[0]).toMatchObject({ function: 'replace', package: 'words' });
  });
});

describe('one container fills the heap', () => {
  it.each([
    [0.24, undefined],
    [0.26, 'note'],
    [0.59, 'note'],
    [0.61, 'warning'],
  ])('%f of what is in use', (share, severity) => {
    expect(judged({ held: held(share) }).findings[0]?.severity).toBe(severity);
  });

  it('names variable, share, class, and its line', () => {
    const report = judged({ held: held(0.7) });
    const [finding] = report.findings;
    expect(finding?.kind).toBe('memory-leak-heap');
    expect(finding?.title).toBe('app.sessions keeps 70 % of the heap, 35 MB: 20 000 Session');
    expect(finding?.where).toEqual([expect.objectContaining({ file: 'sessions.js', line: 7 })]);
    expect(finding?.source?.blamedLine).toBe(7);
  });

  it('needs 5 000 of one class', () => {
    expect(kinds(judged({ held: { ...held(0.7), count: 4999 } }))).toEqual([]);
    expect(kinds(judged({ held: { ...held(0.7), count: 5000 } }))).toEqual(['memory-leak-heap']);
  });

  it.each([
    [
      [
        holder('object', 'global', 'property', 'cache'),
        holder('object', 'Array', 'element', '7'),
        holder('object', 'Session'),
      ],
      'global.cache',
    ],
    [
      [
        holder('scope', 'makeStore', 'context', 'rows', module, 7),
        holder('object', 'Array', 'element', '7'),
        holder('object', 'Session'),
      ],
      'The variable rows of makeStore',
    ],
    [
      [
        holder('object', 'Pool', 'property', 'free'),
        holder('object', 'Array', 'element', '7'),
        holder('object', 'Session'),
      ],
      'Pool.free',
    ],
    [
      [holder('engine', '(FixedArray)', 'element', '7'), holder('object', 'Session')],
      'A global handle of C++',
    ],
  ])('names its holder: %#', (chain, name) => {
    const [finding] = judged({ held: held(0.7, chain) }).findings;
    expect(finding?.title.startsWith(`${name} keeps 70 % of the heap`)).toBe(true);
    expect(finding?.advice).not.toMatch(/\{|undefined/);
  });
});
