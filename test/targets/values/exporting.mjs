import { sep } from 'node:path';
export let counted = 0;
export const text = 'exported';
export function count() {
  counted++;
  return sep + hidden;
}
const hidden = { not: 'exported' };
export default class Thing {}
count();
count();
