// holter-expect {"kind":"event-loop-blocked","functions":["resize","work"],"line":13,"lines":[7,8,9,10,11,12,13,14,15,16,17,18,19]}
// No server at all: takes one job after the other from a list and rests in between.
import { setTimeout as rest } from 'node:timers/promises';

const image = new Uint8Array(900 * 900 * 3).map((_, i) => i);

function resize(source, from, to) {
  const out = new Uint8Array(to * to * 3);
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < to; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < 64; k++) sum += source[((y + (k >> 3)) * from + x + (k & 7)) * 3 + c] ?? 0;
        out[(y * to + x) * 3 + c] = sum >> 6;
      }
    }
  }
  return out;
}

async function work() {
  for (;;) {
    resize(image, 900, 640);
    await rest(250);
  }
}

console.log('ready');
await work();
