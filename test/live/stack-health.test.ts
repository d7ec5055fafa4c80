import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { runHolter, until } from './built.ts';
import {
  type NodeMajor,
  snapshotProc,
  startTarget,
  type TargetProcess,
  targetFile,
} from './target-process.ts';

/** What many looks do to a server that works: nothing anybody would notice. */
const LOOKS = 200;
const CONNECTIONS = 8;

let target: TargetProcess | undefined;
let client: Client | undefined;
afterEach(async () => {
  await client?.stop();
  await target?.stop();
  client = undefined;
  target = undefined;
});

/** Asks over kept-alive connections, one request after the other on each, until it is stopped. */
class Client {
  answered = 0;
  readonly failed: string[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #done: Promise<unknown>;
  #isOn = true;

  constructor(url: string) {
    this.#done = Promise.all(Array.from({ length: CONNECTIONS }, () => this.#ask(url)));
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#done;
    this.#agent.destroy();
  }

  async #ask(url: string): Promise<void> {
    while (this.#isOn) {
      const outcome = await new Promise<string>((resolve) => {
        const req = request(url, { agent: this.#agent, timeout: 10_000 }, (res) => {
          res.resume();
          res.once('end', () => resolve(res.complete ? String(res.statusCode) : 'cut off'));
        });
        req.once('timeout', () => req.destroy(new Error('no answer in 10 s')));
        req.once('error', (error) => resolve(error.message));
        req.end();
      });
      if (outcome === '200') this.answered++;
      else this.failed.push(outcome);
    }
  }
}

/** What a debugger or a stop would show in, of the process and each of its threads. */
function traces(pid: number): { state: string; tracer: string; stopped: boolean } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const state = /^State:\t(\S)/m.exec(status)?.[1] ?? '';
  return {
    state,
    tracer: /^TracerPid:\t(\d+)/m.exec(status)?.[1] ?? '',
    stopped: state === 'T' || state === 't',
  };
}

function answers(count: number): Promise<void> {
  return until(() => client!.answered > count, 20_000, `${count} answers`);
}

async function startServer(node: NodeMajor): Promise<TargetProcess> {
  target = await startTarget(targetFile('sync-hash.healthy.mjs'), { node });
  client = new Client(target.url);
  await answers(200);
  return target;
}

describe('a server under load', () => {
  it(`${LOOKS} looks under load: no request fails, and it is as it was`, async () => {
    const { pid } = await startServer(24);
    const before = snapshotProc(target!);
    const asked = client!.answered;
    const args = ['stack', String(pid), '--repeat', String(LOOKS), '--every', '50ms', '--json', '--yes'];
    const { code, stdout, stderr } = await runHolter(args);
    expect(`${code} ${stderr}`).toBe('0 ');
    const { pausesMs, threads } = JSON.parse(stdout) as {
      pausesMs: number[];
      threads: { role: string; frames: { function: string }[] }[];
    };
    expect(pausesMs).toHaveLength(LOOKS);
    expect(threads.find(({ role }) => role === 'main')?.frames.length).toBeGreaterThan(5);
    // It answers on, and did so meanwhile: between two looks and after the last.
    const then = client!.answered;
    expect(then - asked).toBeGreaterThan(LOOKS);
    await answers(then + 200);
    expect(client!.failed).toEqual([]);
    expect(snapshotProc(target!)).toEqual(before);
    expect(traces(pid)).toMatchObject({ tracer: '0', stopped: false });
  });

  it('holter is killed in the middle, five times: the target goes on', async () => {
    const { pid } = await startServer(20);
    const before = snapshotProc(target!);
    for (let round = 0; round < 5; round++) {
      const args = ['stack', String(pid), '--repeat', '1000', '--every', '50ms', '--yes'];
      const { signal } = await runHolter(args, {
        act: (holter) => {
          let looks = 0;
          let stood = false;
          // After some looks, wherever it is then; half of the rounds while the target stands.
          const timer = setInterval(() => {
            const stands = traces(pid).stopped;
            if (stands && !stood) looks++;
            stood = stands;
            if (looks < 3 + round || stands !== (round % 2 === 0)) return;
            clearInterval(timer);
            process.kill(holter, 'SIGKILL');
          }, 1);
        },
      });
      expect(signal).toBe('SIGKILL');
      await until(() => !traces(pid).stopped, 10_000, 'the target is continued');
    }
    const then = client!.answered;
    await answers(then + 200);
    expect(client!.failed).toEqual([]);
    expect(snapshotProc(target!)).toEqual(before);
    expect(traces(pid).tracer).toBe('0');
  });
});
