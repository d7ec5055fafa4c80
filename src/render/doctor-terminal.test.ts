import { describe, expect, it } from 'vitest';
import { drawEvidence, drawProfile, stretches } from '../doctor/evidence.fixture.ts';
import { judge } from '../doctor/judge.ts';
import type { DoctorReport } from '../doctor/report.ts';
import { renderDoctorJson } from './doctor-json.ts';
import { renderDoctor } from './doctor-terminal.ts';

const AUTH = [
  'export async function login(req, res) {',
  '  const key = hashPassword(req.body.password, req.user.salt)',
  '  res.end(key)',
  '}',
  '',
  'export function hashPassword(password, salt) {',
  "  const text = password.normalize('NFKC') + pepper",
  '  const N = 310_000',
  '',
  "  const key = pbkdf2Sync(text, salt, N, 64, 'sha512')",
  "  return key.toString('base64url')",
  '}',
].join('\n');

const HASH = [
  'emit@node:events:467',
  'login@/srv/api/app/routes/session.js:1:28',
  'hashPassword@/srv/api/app/auth.js:6:29',
];

const blockedEvidence = drawEvidence({
  cpu: '▂▃▂▄▃▅▅▆▅▆▅▆▆▅▆',
  delay: '▁▁▂▁▃▂▄▂▅▂▃▂▅▂▃',
  heapMb: [60, 66, 72, 61, 68, 74, 62, 70],
  main: drawProfile(
    [
      [178, ...HASH, 'pbkdf2Sync@node:internal/crypto/pbkdf2:62'],
      [2, ...HASH],
      [120, '(idle)'],
    ],
    33,
  ),
  blocked: stretches(33, 300, { ms: 180 }),
  requests: 400,
  sources: { '/srv/api/app/auth.js': AUTH },
});
const blocked = judge(blockedEvidence);
const wide = { columns: 80, color: false, unicode: true, vitals: blockedEvidence.vitals };
const PAGE = 'api-gateway-4711-20261122T221407Z/doctor.html';

describe('renderDoctor', () => {
  it('draws a blocked loop on 80 columns', async () => {
    const text = renderDoctor(blocked, { ...wide, recording: PAGE });
    await expect(text).toMatchFileSnapshot('golden/blocked-80.txt');
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('draws it on 40 columns', async () => {
    const text = renderDoctor(blocked, { ...wide, columns: 40, recording: PAGE });
    await expect(text).toMatchFileSnapshot('golden/blocked-40.txt');
    for (const line of text
      .split('\n')
      .filter((each) => !each.startsWith('all of it') && !each.startsWith('  next'))) {
      expect(line.length, line).toBeLessThanOrEqual(40);
    }
  });

  it('says as much without Unicode', async () => {
    const text = renderDoctor(blocked, { ...wide, unicode: false, recording: PAGE });
    expect(text).toMatch(/^[\n -~]*$/);
    await expect(text).toMatchFileSnapshot('golden/blocked-ascii.txt');
  });

  it('adds colour only, no words', () => {
    const coloured = renderDoctor(blocked, { ...wide, color: true });
    const ESC = String.fromCharCode(27);
    expect(coloured).toContain(`${ESC}[1;31mCRITICAL`);
    expect(coloured.replaceAll(new RegExp(`${ESC}\\[[0-9;]*m`, 'g'), '')).toBe(renderDoctor(blocked, wide));
  });

  it('draws a healthy process', async () => {
    const evidence = drawEvidence({ cpu: '▂▁▂', delay: '▁', heapMb: [60, 64, 61, 63] });
    await expect(renderDoctor(judge(evidence), { ...wide, vitals: evidence.vitals })).toMatchFileSnapshot(
      'golden/healthy-80.txt',
    );
    await expect(renderDoctor(judge(evidence), { ...wide, columns: 40 })).toMatchFileSnapshot(
      'golden/healthy-40.txt',
    );
  });

  it('draws a stuck process seen only from outside', async () => {
    const evidence = drawEvidence({
      seconds: 4,
      cpu: '▁',
      access: 'outside',
      end: { kind: 'stuck' },
      stuck: {
        since: 0,
        ms: 3600,
        probes: { microtask: false, nextTick: false, immediate: false },
        frames: [],
        native: {
          state: 'S',
          waitChannel: 'do_wait',
          syscall: 'wait4',
          children: [{ pid: 4800, command: '/bin/sh -c sleep 60' }],
          cpuPercent: 0,
        },
      },
    });
    await expect(renderDoctor(judge(evidence), { ...wide, vitals: evidence.vitals })).toMatchFileSnapshot(
      'golden/stuck-80.txt',
    );
  });

  it('hides code findings behind the machine', async () => {
    const main = drawProfile(
      [
        [9, 'crunch@/srv/api/crunch.js:3'],
        [1, '(program)'],
      ],
      1000,
    );
    const evidence = drawEvidence({ cpu: '▄', wait: '▆', delay: '▂', main, requests: 500 });
    await expect(renderDoctor(judge(evidence), { ...wide, vitals: evidence.vitals })).toMatchFileSnapshot(
      'golden/starved-80.txt',
    );
  });

  it('lets no name of the target move the cursor', () => {
    const ESC = String.fromCharCode(27);
    const evil = `x${ESC}[2J${ESC}]0;owned\u0007\r\n\u202eevil`;
    const hostile: DoctorReport = {
      ...blocked,
      target: { ...blocked.target, name: evil, node: evil },
      gaps: [evil],
      left: { verified: true, leftBehind: [{ what: evil, command: evil }] },
      findings: [
        {
          ...blocked.findings[0]!,
          title: evil,
          advice: evil,
          next: [evil],
          evidence: [{ signal: evil, value: 1, unit: 'ms', limit: 2, sense: 'above', text: evil }],
          where: [{ function: evil, file: evil, line: 1, column: 1, share: null, package: evil }],
          source: { file: evil, firstLine: 1, lines: [evil], blamedLine: 1, shares: { '1': 0.5 } },
        },
      ],
    };
    for (const columns of [80, 40]) {
      const text = renderDoctor(hostile, { ...wide, columns, recording: evil });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      const clean = renderDoctor(
        { ...hostile, gaps: ['y'], target: { ...hostile.target, name: 'y', node: 'y' } },
        { ...wide, columns },
      );
      expect(clean.split('\n').length).toBeGreaterThan(3);
    }
  });

  it('survives any width', () => {
    for (const columns of [1, 20, 30, 59, 60, 61, 79, 100, 200, 1000]) {
      expect(renderDoctor(blocked, { ...wide, columns })).toContain('hashPassword');
    }
  });
});

describe('renderDoctorJson', () => {
  it('is one document with the schema first and no NaN', () => {
    const text = renderDoctorJson({ ...blocked, inspectorOpenMs: Number.NaN });
    expect(text.startsWith('{\n  "schema": "holter.doctor/1",')).toBe(true);
    const document = JSON.parse(text);
    expect(document.inspectorOpenMs).toBeNull();
    expect(document.findings[0].where[0]).toEqual({
      function: 'hashPassword',
      file: 'app/auth.js',
      line: 10,
      column: 0,
      share: 1,
      package: '',
    });
  });
});
