// Time from "attach" to the first answer over the bridge, and how long the TCP inspector was open.
// usage: node bench/attach.mjs [rounds=20]      needs: npm run build, test/nodes
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { evaluate } from '../dist/cdp/evaluate.js';
import { attach } from '../dist/target/attach.js';

const rounds = Number(process.argv[2] ?? 20);
const root = fileURLToPath(new URL('..', import.meta.url));
const PROGRAMS = {
  idle: 'setInterval(() => {}, 1000)',
  'stuck in for(;;)': 'setTimeout(() => { for (;;); }, 50)',
};
const quantile = (values, q) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

console.log('node  target             first answer ms p50  p99   TCP port open ms p50  max');
for (const major of [18, 20, 22, 24, 26]) {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const answers = [];
    const open = [];
    const child = spawn(`${root}test/nodes/node_modules/node${major}/bin/node`, ['-e', program], {
      stdio: 'ignore',
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let round = 0; round < rounds; round++) {
      const begin = performance.now();
      const attachment = await attach(child.pid);
      await evaluate(attachment.session, '1 + 1');
      answers.push(performance.now() - begin);
      open.push(attachment.inspectorOpenMs);
      const { verified } = await attachment.leave();
      if (!verified) throw new Error('something was left behind');
    }
    child.kill('SIGKILL');
    const cell = (value, width) => value.toFixed(0).padStart(width);
    console.log(
      `${major}    ${name.padEnd(18)}${cell(quantile(answers, 0.5), 20)}${cell(quantile(answers, 0.99), 5)}${cell(quantile(open, 0.5), 23)}${cell(Math.max(...open), 5)}`,
    );
  }
}
process.exit(0);
