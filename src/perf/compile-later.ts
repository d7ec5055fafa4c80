import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 wait longer before it optimises, where it can be told to (before V8 12): reading a recording takes half a second, and a
 * third of that was compiling code that had no time left to pay off (bench/perf). What runs for long is optimised still.
 */
export function compileLater(): void {
  if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--interrupt-budget=1000000');
}
