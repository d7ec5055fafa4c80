'use strict';
// One program, many ends: ACT says which. The agent comes from outside, by --import or --require.
const kept = [];

function turnForever() {
  for (;;) kept.length = 0;
}
function answerNobody() {
  turnForever();
}
function keepMore() {
  for (let i = 0; i < 5000; i++) kept.push({ number: i, text: [i, i + 1, i + 2, `entry ${kept.length}`] });
}
/** Worker threads of this process, Node's own report says. */
function countThreads() {
  return process.report.getReport().workers.length;
}

const acts = {
  stuck: () => setTimeout(answerNobody, 400),
  throw: () =>
    setTimeout(() => {
      throw new TypeError('no such thing');
    }, 200),
  reject: () => setTimeout(() => Promise.reject(new TypeError('no such thing')), 200),
  fill: () =>
    setTimeout(() => {
      for (;;) keepMore();
    }, 300),
  leak: () =>
    setInterval(() => {
      keepMore();
      globalThis.gc();
    }, 100),
  end: () => setTimeout(() => {}, 300),
  'exit-7': () => setTimeout(() => process.exit(7), 300),
  serve: () => {},
  'own-signal': () => {
    process.on('SIGUSR2', () => {
      console.log('own SIGUSR2');
      setTimeout(() => console.log('later'), 500);
    });
    setInterval(() => {}, 1000);
  },
  family() {
    const { start } = require(process.env.AGENT);
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    if (!isMainThread) {
      const { folder } = start();
      parentPort.postMessage(folder !== '' || globalThis[Symbol.for('holter.agent')] !== undefined);
      // Alive until it has been counted.
      setTimeout(() => {}, 1500);
      return;
    }
    const isChild = process.send !== undefined;
    const first = start();
    if (!isChild && first.folder !== '' && start() === first) console.log('same agent');
    if (isChild) {
      setTimeout(() => {
        console.log(`child threads ${countThreads()}`);
        process.disconnect();
      }, 500);
      return;
    }
    require('node:child_process').fork(__filename);
    new Worker(__filename).once('message', (hasAgent) => {
      console.log(`worker has an agent: ${hasAgent}`);
      console.log(`parent threads ${countThreads()}`);
    });
  },
};

const { isMainThread } = require('node:worker_threads');
const act = acts[process.env.ACT];
act();
if (process.env.ACT === 'serve') {
  const server = require('node:http').createServer((_, response) => response.end('ok'));
  server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
} else if (isMainThread && process.env.ACT !== 'family') console.log('ready');
