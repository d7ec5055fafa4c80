// holter-expect {"kind":"gc-pressure","also":["event-loop-blocked","cpu-bound"],"functions":["reduceState","tick","clone"],"line":13,"lines":[11,12,13,14,15,16],"load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

// State kept "immutable": every request copies a large tree, and the undo stack holds the last copies.
let state = Array.from({ length: 300 }, (_, row) => ({
  row,
  cells: Array.from({ length: 120 }, (_, col) => ({ col, value: row * col })),
}));
const undo = [];

function reduceState(current, n) {
  return current.map((row) => {
    const cells = row.cells.map((cell) => ({ ...cell, value: cell.value + n }));
    return { ...row, cells };
  });
}

let n = 0;
const server = createServer((req, res) => {
  undo.push(state);
  if (undo.length > 25) undo.shift();
  state = reduceState(state, n++);
  res.end(String(state[3].cells[3].value));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
