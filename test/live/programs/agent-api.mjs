// Starts the agent itself, asks for a capture, stops it; prints its own state before and after.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { start } = await import(process.env.AGENT);
const state = () =>
  JSON.stringify({
    exit: process.listenerCount('exit'),
    monitors: process.listenerCount('uncaughtExceptionMonitor'),
    signals: process.listenerCount('SIGUSR2'),
    fatal: process.report.reportOnFatalError,
    directory: process.report.directory,
    agent: Symbol.for('holter.agent') in globalThis,
    workers: process.report.getReport().workers.length,
  });
console.log('ready');
console.log(`before ${state()}`);
let done;
const told = new Promise((resolve) => {
  done = resolve;
});
const agent = start({
  profileMs: 200,
  onEvent: ({ kind }) => {
    console.log(`event ${kind}`);
    done();
  },
});
const names = agent.metrics().map(({ name }) => name);
console.log(`metric ${names.find((name) => name === 'nodejs.eventloop.utilization')}`);
agent.capture('the test');
// The agent does not hold a program that waits for it.
const hold = setInterval(() => {}, 100);
await told;
agent.stop();
while (process.report.getReport().workers.length > 0) await sleep(20);
clearInterval(hold);
console.log(`after ${state()}`);
if (readdirSync(agent.folder).length === 0) process.exitCode = 1;
