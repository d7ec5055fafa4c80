import { afterEach, describe, expect, test } from 'vitest';
import { drawProc, drawStat, drawStatus } from '../linux/proc.fixture.ts';
import { checkSignalGate, raiseInspectorSemaphore } from './gate.ts';

let remove = (): void => {};
afterEach(() => remove());

/** A process of `age` seconds with these masks; SIGUSR1 is bit 9, 0x200. */
function drawProcess(
  masks: Parameters<typeof drawStatus>[0],
  extra: Record<string, string> = {},
  age = 600,
): string {
  const drawn = drawProc({
    uptime: '1000.00 0\n',
    '7/stat': drawStat({ pid: 7, start: (1000 - age) * 100 }),
    '7/status': drawStatus(masks),
    '7/cmdline': 'node\0app.js\0',
    ...Object.fromEntries(Object.entries(extra).map(([name, text]) => [`7/${name}`, text])),
  });
  remove = drawn.remove;
  return drawn.proc;
}

describe('checkSignalGate', () => {
  test('caught and not blocked: safe', () => {
    expect(checkSignalGate(7, drawProcess({}))).toEqual({ safe: true });
  });
  test('handler removed: the signal would kill', () => {
    const gate = checkSignalGate(7, drawProcess({ caught: '0000000100004402' }));
    expect(gate).toMatchObject({
      safe: false,
      reason: 'not-caught',
      explanation: expect.stringContaining('kill'),
    });
    expect(gate).toMatchObject({ hint: expect.stringContaining('--force') });
  });
  test('just started: wait', () => {
    const gate = checkSignalGate(7, drawProcess({ caught: '0' }, {}, 0.5));
    expect(gate).toMatchObject({
      safe: false,
      reason: 'not-caught',
      explanation: expect.stringContaining('only just started'),
    });
  });
  test('--disable-sigusr1 and the permission model are named', () => {
    const masks = { caught: '0000000100004402', blocked: '200' };
    const named = (cmdline: string): unknown => checkSignalGate(7, drawProcess(masks, { cmdline }));
    expect(named('node\0--disable-sigusr1\0app.js\0')).toMatchObject({
      safe: false,
      reason: 'blocked',
      explanation: expect.stringContaining('--disable-sigusr1'),
    });
    expect(named('node\0--permission\0app.js\0')).toMatchObject({
      explanation: expect.stringContaining('permission model'),
    });
    expect(named('my title\0\0\0')).toMatchObject({ reason: 'blocked' });
  });
  test('blocked wins over caught: it would stay pending', () => {
    expect(checkSignalGate(7, drawProcess({ blocked: '200' }))).toMatchObject({
      safe: false,
      reason: 'blocked',
    });
  });
  test('ignored', () => {
    expect(checkSignalGate(7, drawProcess({ ignored: '0000000000000200', caught: '0' }))).toMatchObject({
      safe: false,
      reason: 'ignored',
    });
  });
  test('gone and zombie are errors', () => {
    const proc = drawProcess({ state: 'Z (zombie)' });
    expect(() => checkSignalGate(7, proc)).toThrow(expect.objectContaining({ code: 'E_ZOMBIE' }));
    expect(() => checkSignalGate(8, proc)).toThrow(expect.objectContaining({ code: 'E_NO_SUCH_PROCESS' }));
  });
});

test('raiseInspectorSemaphore of a process that is not there', async () => {
  await expect(raiseInspectorSemaphore(4_194_305)).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
});
