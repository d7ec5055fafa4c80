// CPU time and peak memory to read a pprof profile: holter's own reader against pprof-format's decoder, alone and with
// a call tree built from what it decoded.
//
//     npm run build && node bench/pprof.mjs [--samples 100000,1000000]
//
// The profile: stacks of 10 to 40 frames over 20 000 functions, two sample types, as Go writes CPU profiles; each
// sample is its own entry. Every measurement is a process of its own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '100000,1000000' },
    part: { type: 'string' },
    count: { type: 'string' },
  },
});
const FUNCTIONS = 20_000;
const PARTS = ['holter readPprof', 'pprof-format decode', 'pprof-format + tree'];

/** The same numbers in every run. */
function sequence(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Location ids of one stack, innermost first. Callers have few callees, so that stacks share their beginnings. */
function drawStack(random, stack) {
  stack.length = 0;
  let fn = 1;
  for (let depth = 10 + random(31); depth > 0; depth--) {
    stack.push(fn);
    fn = 1 + ((fn * 7 + (random(4) === 0 ? random(3) : 0)) % FUNCTIONS);
  }
  stack.reverse();
}

async function makeProfile(count) {
  const { ProtobufMessage } = await import('../dist/cpu/protobuf-message.js');
  const profile = new ProtobufMessage();
  const message = () => new ProtobufMessage();
  profile.message(1, message().number(1, 1).number(2, 2)).message(1, message().number(1, 3).number(2, 4));
  const random = sequence(1);
  const stack = [];
  for (let i = 0; i < count; i++) {
    drawStack(random, stack);
    profile.message(2, message().numbers(1, stack).numbers(2, [1, 10_000_000]));
  }
  for (let id = 1; id <= FUNCTIONS; id++) {
    profile.message(
      4,
      message()
        .number(1, id)
        .message(
          4,
          message()
            .number(1, id)
            .number(2, id % 900),
        ),
    );
    profile.message(
      5,
      message()
        .number(1, id)
        .number(2, 4 + id)
        .number(4, 5)
        .number(5, id % 900),
    );
  }
  for (const text of ['', 'samples', 'count', 'cpu', 'nanoseconds']) profile.text(6, text);
  for (let id = 1; id <= FUNCTIONS; id++) profile.text(6, `function${id}`);
  return profile.finish();
}

async function treeOf(decoded) {
  const { CallTreeBuilder } = await import('../dist/cpu/call-tree-builder.js');
  const builder = new CallTreeBuilder('microseconds');
  const functions = new Map(decoded.function.map((fn) => [Number(fn.id), fn]));
  const rows = new Map();
  for (const location of decoded.location) {
    const fn = functions.get(Number(location.line[0].functionId));
    const name = decoded.stringTable.strings[Number(fn.name)];
    const info = { name, file: '', line: 0, column: 0, category: 'js', party: 'user', package: '' };
    rows.set(Number(location.id), builder.frameRow(info));
  }
  for (const sample of decoded.sample) {
    let node = 0;
    for (let i = sample.locationId.length - 1; i >= 0; i--) {
      node = builder.child(node, rows.get(Number(sample.locationId[i])));
    }
    builder.addSelf(node, Number(sample.value[1]) / 1000);
  }
  return builder.finish({ from: 0, to: 0 });
}

async function measure(part, count) {
  let run;
  const bytes = await makeProfile(count);
  const { Profile } = await import('pprof-format');
  const { readPprof } = await import('../dist/cpu/read-pprof.js');
  const { openBytes } = await import('../dist/base/byte-source.js');
  if (part === 'holter readPprof') run = () => readPprof(openBytes(bytes), {}).profiles[0].tree.length;
  else if (part === 'pprof-format decode') run = () => Profile.decode(bytes).sample.length;
  else run = async () => (await treeOf(Profile.decode(bytes))).length;
  console.error(`${(bytes.length / 1e6).toFixed(1)} MB`);
  const before = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(before);
  console.log(
    JSON.stringify({ ms: (user + system) / 1000, mb: process.resourceUsage().maxRSS / 1024, result }),
  );
}

if (values.part !== undefined) await measure(values.part, Number(values.count));
else {
  for (const count of values.samples.split(',')) {
    for (const part of PARTS) {
      const args = [
        '--max-old-space-size=8000',
        fileURLToPath(import.meta.url),
        '--part',
        part,
        '--count',
        count,
      ];
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      if (status !== 0) {
        console.log(
          `${count} samples  ${part.padEnd(22)} failed: ${stderr.split('\n').find((line) => line.includes('rror'))}`,
        );
        continue;
      }
      const { ms, mb, result } = JSON.parse(stdout);
      console.log(
        `${count} samples  ${part.padEnd(22)} ${ms.toFixed(0).padStart(7)} ms CPU  ${mb.toFixed(0).padStart(5)} MB peak  (${result}) ${stderr.trim()}`,
      );
    }
  }
}
