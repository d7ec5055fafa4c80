import { readFile } from 'node:fs/promises';

let turn = 0;

/** Fetches an invoice from the share. */
export async function readInvoice(drawers) {
  const text = await readFile(drawers[turn++ % drawers.length], 'utf8');
  return text.trim();
}
