// Makes code, lets it go, and makes more in the same memory: addresses get other names all the time.
'use strict';
let kept = [];
let number = 0;
function round() {
  kept = [];
  for (let i = 0; i < 60; i++) {
    const name = `made${number++}`;
    const lines = Array.from(
      { length: 5 + (number % 40) },
      (_, k) => `s = (s * ${31 + k} + x) % 1000003;`,
    ).join('\n');
    const body = `return function ${name}(n) { let s = ${number}; for (let x = 0; x < n; x++) {\n${lines}\n} return s; }`;
    const made = new Function(body)();
    kept.push(made);
    for (let k = 0; k < 20; k++) made(2000);
  }
  kept = [];
  globalThis.gc?.();
}
setInterval(round, 1);
process.send?.('ready');
console.log('ready');
