import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { runDoctor, runHolter, until } from './built.ts';
import { type NodeMajor, nodeBinary, startTarget, type TargetProcess } from './target-process.ts';

/** Walkthroughs 11, 16 and 17 of examples/, as their READMEs tell them. */
const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
const PATTERN = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
const WHY_NOT = /^[\w.%-]+$/.test(PATTERN) ? '' : ` (skipped: cores go to ${PATTERN})`;

let target: TargetProcess | undefined;
let folder: string | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

async function holter(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHolter([...args, '--no-color']);
  expect(`${code} ${stderr}`).toBe('0 ');
  return stdout;
}

async function start(path: string, node: NodeMajor): Promise<TargetProcess> {
  target = await startTarget(example(path), { node });
  return target;
}

/** Asks, and waits for no answer. */
function ask(url: string): void {
  get(url).on('error', () => {});
}

describe('11 uncaught exception', () => {
  it.skipIf(WHY_NOT !== '').each([22, 26] as const)(
    `the throwing line and the request, from the core of Node %i${WHY_NOT}`,
    async (node) => {
      folder = mkdtempSync(join(tmpdir(), 'holter-example-11-'));
      const script = [
        'ulimit -c unlimited; exec "$@"',
        'sh',
        nodeBinary(node),
        '--abort-on-uncaught-exception',
        example('11-uncaught-exception/server.js'),
      ];
      const child = spawn('/bin/sh', ['-c', ...script], {
        cwd: folder,
        env: { PATH: process.env.PATH, PORT: '0' },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        let out = '';
        const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          out += text;
        });
        await until(() => /listening \d+/.test(out), 20_000, 'the server listens');
        const url = `http://127.0.0.1:${/listening (\d+)/.exec(out)?.[1]}`;
        expect(await (await fetch(`${url}/quote?lines=tea:3,bread`)).json()).toHaveLength(2);
        ask(`${url}/quote?lines=tea:3,brioche`);
        await exited;
      } finally {
        child.kill('SIGKILL');
      }
      const core = join(folder, readdirSync(folder)[0]!);
      const told = await holter('core', core);
      expect(told).toContain("TypeError: Cannot read properties of undefined (reading 'cents')");
      expect(told).toMatch(/> yours +priceOf +\S*prices\.js:10:27\n/);
      expect(told).toMatch(/quoteLine +\S*prices\.js:16:41\n.* handle +\S*server\.js:11:40\n/);
      expect(told).toContain('price.cents * (1 + price.vat / 100)');
      expect(await holter('core', 'inspect', core, 'handle:req.url')).toBe("'/quote?lines=tea:3,brioche'\n");
      expect(await holter('core', 'frame', core, 'priceOf')).toMatch(/item +'brioche'/);
      expect(await holter('core', 'source', core, 'priceOf')).toContain('const price = prices.get(item);');
    },
  );
});

describe('16 stuck loop', () => {
  it('a route that loops for ever: the same function each time, its arguments', async () => {
    const { url, pid } = await start('16-stuck-loop/server.js', 24);
    ask(`${url}/next-backup?weekday=7`);
    await untilBusy(pid);
    const told = await holter('stack', String(pid), '--repeat', '4', '--every', '0.2s', '--values', '--yes');
    expect(told).toMatch(/in nextBackup for [\d.]+ s|same place for/);
    expect(told).toMatch(/> yours +nextBackup +\S*schedule\.js:[4-7]\D/);
    expect(told).toMatch(/weekday +7\n/);
    expect(told).toMatch(/yours +Server\.<anonymous> +\S*server\.js:9:17/);
    expect(await holter('core', 'inspect', String(pid), 'nextBackup:weekday')).toBe('7\n');
    const request = await holter('core', 'inspect', String(pid), 'Server.<anonymous>:req.url');
    expect(request).toBe("'/next-backup?weekday=7'\n");
  });

  it('a parser that takes for ever: from is larger each time', async () => {
    const { url, pid } = await start('16-stuck-loop/server.js', 22);
    ask(`${url}/outline?size=400000`);
    await untilBusy(pid);
    const from = async () => {
      const told = await holter('stack', String(pid), '--values', '--yes');
      expect(told).toMatch(/> yours +(readTag|parseHtml) +\S*html-parser\.js:\d+/);
      return Number(/^ +from +(\d+)$/m.exec(told)?.[1] ?? Number.NaN);
    };
    const seen: number[] = [];
    // Between two tags it is in parseHtml, without one.
    for (let tries = 0; seen.length < 2 && tries < 10; tries++) {
      const now = await from();
      if (!Number.isNaN(now)) seen.push(now);
    }
    expect(seen[1]).toBeGreaterThan(seen[0]!);
  });
});

describe('17 native loop', () => {
  it.each([20, 24] as const)(
    'native frames only, the descriptor and who has it open, on Node %i',
    async (node) => {
      const { pid, port } = await start('17-native-loop/server.js', node);
      await new Promise((resolve) =>
        spawn(process.execPath, [example('17-native-loop/client.js'), String(port)]).once('close', resolve),
      );
      let told = '';
      for (let tries = 0; tries < 10 && !told.includes('is closed'); tries++)
        told = await holter('stack', String(pid), '--yes');
      expect(told).toContain('main thread  turning its event loop without rest');
      expect(told).toMatch(/native +uv__io_poll +node\n/);
      expect(told).not.toMatch(/^ +>? *(yours|core|dep) /m);
      const [, archive] = /is closed, .*process\s+(\d+)\s+has\s+it\s+open/s.exec(told) ?? [];
      expect(readFileSync(`/proc/${archive}/cmdline`, 'utf8')).toContain('17-native-loop/archive.js');
      if (node === 20) return;
      const { findings } = await runDoctor([String(pid), '-d', '4s']);
      expect(findings.map(({ kind }) => kind)).toEqual(['native-busy-loop']);
      // With the handle behind it.
      expect(findings[0]?.title).toMatch(/descriptor \d+, which is closed/);
    },
  );
});

/** It has burned 50 ms of CPU since: it is in. */
async function untilBusy(pid: number): Promise<void> {
  const ticks = (): number => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[11]);
  };
  const from = ticks();
  await until(() => ticks() >= from + 5, 10_000, 'the target is busy');
}
