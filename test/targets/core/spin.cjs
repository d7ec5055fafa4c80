// Loops for ever in a method with an argument. test/live/core-take.test.ts takes cores of it.
'use strict';

class Wheel {
  turn(times) {
    let turned = 0;
    for (;;) {
      // The loop must stay on one line: the test knows its number.
      for (const step of this.steps) turned += step * times;
      if (turned < 0) return turned;
    }
  }
  constructor() {
    this.steps = [1, 2, 3];
  }
}

function spinAround() {
  return new Wheel().turn(4711);
}

console.log('ready');
setTimeout(spinAround, 20);
