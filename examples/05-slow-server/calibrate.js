// How many turns of a loop of plain arithmetic fit into a millisecond here: the example takes as long on every machine.
function turn(count) {
  let x = 12345;
  for (let i = 0; i < count; i++) x = (Math.imul(x, 1103515245) + 12345) >>> 0;
  return x;
}

let perMs = 0;
for (let attempt = 0; attempt < 5; attempt++) {
  const begin = performance.now();
  turn(4_000_000);
  perMs = Math.max(perMs, 4_000_000 / (performance.now() - begin));
}

export const turnsIn = (ms) => Math.round(perMs * ms);
