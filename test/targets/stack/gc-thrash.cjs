// Replaces its cells at random places: what it throws away is always old, and lies between what it keeps. It hardly does
// anything but collect.
'use strict';
const CELLS = 120_000;
const cells = [];

function makeCell(number) {
  return { number, text: `cell ${number}`, list: [number, number + 1, [number]] };
}

function replace() {
  for (;;) cells[Math.floor(Math.random() * CELLS)] = makeCell(cells.length);
}

setTimeout(function start() {
  while (cells.length < CELLS) cells.push(makeCell(cells.length));
  process.stdout.write('ready');
  replace();
}, 50);
