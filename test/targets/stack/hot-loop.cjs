// Loops in functions so small and so hot that V8 puts each into its caller: physically there is one frame, of `loop`.
'use strict';
let sum = 0;

function add(a, b) {
  return (a + b) | 0;
}

function mix(value) {
  return add(value, add(value >> 1, 7));
}

function round(value) {
  for (let index = 0; index < 50; index++) value = mix(value);
  return value;
}

function loop() {
  for (;;) sum = round(sum);
}

setTimeout(function start() {
  process.stdout.write('ready');
  loop();
}, 50);
