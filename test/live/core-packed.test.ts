import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHolter } from './built.ts';
import { CAN_MAKE_CORES, makeCore } from './made-core.ts';
import { nodeBinary } from './target-process.ts';

const has = (program: string) => spawnSync(program, ['--version']).status === 0;
/** How it is packed, which program must be there, and under which Node holter runs: 22.15 and later unpack zstd themselves. */
const PACKINGS = [
  ['gz', '', 20],
  ['zst', 'zstd', 20],
  ['zst', 'zstd', 24],
  ['lz4', 'lz4', 20],
] as const;

let folder: string;
let room: string;
let died: boolean;
let core: string;

describe.skipIf(!CAN_MAKE_CORES)('packed cores (needs gcore, or a kernel that writes cores here)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holter-packed-'));
    room = join(folder, 'room');
    mkdirSync(room);
    ({ path: core, died } = await makeCore(20, folder));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function pack(ending: string): string {
    const path = join(folder, `packed.${ending}`);
    if (ending === 'gz') writeFileSync(path, gzipSync(readFileSync(core), { level: 1 }));
    else if (ending === 'zst') spawnSync('zstd', ['-q', '-f', core, '-o', path]);
    else spawnSync('lz4', ['-q', '-f', core, path]);
    return path;
  }

  const ask = (args: string[], node: 20 | 24 = 20) =>
    runHolter(['core', ...args], { node: nodeBinary(node), env: { TMPDIR: room } });

  for (const [ending, program, node] of PACKINGS) {
    it.skipIf(program !== '' && !has(program))(
      `.${ending} under Node ${node} (apt-get install ${program || 'nothing'})`,
      async () => {
        const path = pack(ending);
        const { code, stdout, stderr } = await ask(['bt', path, '--json'], node);
        expect(stderr).toBe('');
        expect(code).toBe(0);
        const { threads } = JSON.parse(stdout) as { threads: { frames: { function: string }[] }[] };
        expect(threads[0]?.frames.map((frame) => frame.function)).toContain('Session.close');

        const bytes = readFileSync(path);
        const cut = join(folder, 'cut');
        writeFileSync(cut, bytes.subarray(0, bytes.length * 0.9));
        const short = await ask(['info', cut], node);
        // gcore writes its notes last: what is cut has none.
        expect((died ? short.stdout : short.stderr).replace(/\s+/g, ' ')).toMatch(
          died ? /the core is cut: \d+ MB of memory are missing/ : /is cut before its notes/,
        );
        expect(short.code).toBe(died ? 0 : 1);
        expect(readdirSync(room)).toEqual([]);
      },
    );
  }

  it('another build is told by its id, and not used', async () => {
    const { stdout, code } = await ask(['info', core, '--exe', nodeBinary(22)]);
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`${nodeBinary(22)} is another build than the one that ran`);
    const { stdout: stack } = await ask(['bt', core, '--exe', nodeBinary(22)]);
    expect(stack).toContain('Session.close');
  });
});
