// Attaches to a process, looks for errors, and sends itself a signal as soon as the target stands in a pause.
// node stop-in-pause.mjs <pid> <dist folder> <SIGKILL|SIGSTOP>
import { join } from 'node:path';

const [, , pid, dist, signal] = process.argv;
const { attach } = await import(join(dist, 'target/attach.js'));
const { recordErrors } = await import(join(dist, 'async/record-errors.js'));
const { session } = await attach(Number(pid), {});
const startMs = Number(process.hrtime.bigint()) / 1e6;
const recording = await recordErrors(session, { startMs });
// Before the recorder's own listener: nobody answers this pause.
session.on('Debugger.paused', () => {
  process.kill(process.pid, signal);
  for (;;);
});
await recording.sample(60_000);
