import { setTimeout as after } from 'node:timers/promises';
import { turnsIn } from './calibrate.js';

const PRICE_TURNS = turnsIn(30);
const STOCK_TURNS = turnsIn(60);
const ROW_TURNS = turnsIn(0.02);

/** The discount tables, worked out anew for every request: 30 ms of one core. */
export function computePrice(id) {
  let x = id;
  for (let i = 0; i < PRICE_TURNS; i++) x = (Math.imul(x, 1103515245) + 12345) >>> 0;
  return 10 + (x % 90);
}

/** Counts the warehouse by going through all of it: 60 ms of one core. */
export function countStock(id) {
  let x = id;
  for (let i = 0; i < STOCK_TURNS; i++) x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  return x % 500;
}

/** The same from a service that keeps the tables: an answer after 30 ms in which this process does other things. */
export async function fetchPrice(id) {
  await after(30);
  return 10 + (id % 90);
}

/** The same from the warehouse itself: an answer after 60 ms. */
export async function fetchStock(id) {
  await after(60);
  return id % 500;
}

/** The small loop that is left when nothing else is: a fiftieth of a millisecond a row. */
export function formatRows(price, stock) {
  const rows = [];
  for (let row = 0; row < 40; row++) {
    let x = row;
    for (let i = 0; i < ROW_TURNS; i++) x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    rows.push(`${row};${price};${stock};${x % 7}`);
  }
  return rows.join('\n');
}
