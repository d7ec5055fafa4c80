/**
 * Why V8 threw optimised code away, in the classes an engineer can act on:
 *
 * - `shapes`: objects of other shapes than before came along
 * - `numbers`: a value was no longer the kind of number (small integer, integer, float) the code was made for
 * - `types`: a value was not a string, an object, a number … any more
 * - `bounds`: an index outside of the array, an array that grew or changed under the loop
 * - `unseen`: a branch, call or access ran that had never run before the code was made
 * - `callee`: another function was called than the one that was built in
 * - `changed`: something the code relied on was changed by the program: a prototype, a class, a constant, a global
 * - `other`
 */
export type DeoptClass =
  | 'shapes'
  | 'numbers'
  | 'types'
  | 'bounds'
  | 'unseen'
  | 'callee'
  | 'changed'
  | 'other';

/** V8's words of `src/deoptimizer/deoptimize-reason.h`, of Node 18 to 26, lower case. */
const CLASS_BY_REASON: ReadonlyMap<string, DeoptClass> = new Map<string, DeoptClass>([
  ...among('shapes', [
    'wrong map',
    'missing map',
    'deprecated map',
    'instance migration failed',
    'map changed during operation',
    'wrong instance type',
    'wrong handler',
    'wrong name',
    'wrong enum indices',
    'no cache',
    'unexpected name in keyed access',
    'ic transitioned to monomorphic',
    'ic transitioned to megamorphic',
  ]),
  ...among('numbers', [
    'not a smi',
    'smi',
    'not int32',
    'not unsigned int32',
    'not a heap number',
    'not additivesafeinteger',
    'overflow',
    'lost precision',
    'lost precision or nan',
    'minus zero',
    'nan',
    'division by zero',
    'bigint too big',
    'not a bigint64',
    'float16 is not supported as machine operation',
  ]),
  ...among('types', [
    'not a bigint',
    'not a javascript object',
    'not a javascript object, null or undefined',
    'not a number',
    'not a number or boolean',
    'not a number or oddball',
    'not a number or undefined',
    'not a string',
    'not a string wrapper',
    'not a string or a string wrapper',
    'not a string or oddball',
    'not a sequential one-byte string',
    'not a symbol',
    'not a detectable receiver',
    'hole',
    'hole or undefined',
    'value mismatch',
    'wrong value',
  ]),
  ...among('bounds', [
    'out of bounds',
    'not an array index',
    'array buffer was detached',
    'array buffer was detached or immutable',
    "copy-on-write array's elements changed",
    'failed to grow elements store',
    'no initial element',
    'the array length changed',
    'length is greater than the maximum for fast elements array',
    'result string larger than string::kmaxlength',
  ]),
  ...among('callee', ['wrong call target', 'wrong call target constructor', 'wrong feedback cell']),
  ...among('changed', [
    '(unknown)',
    'storing to a constant field',
    'const tracking let constness invalidated',
    'unexpected context extension',
  ]),
]);

/**
 * Class of a reason as V8 words it, upper and lower case alike; undefined for text that is none. Code that was thrown
 * away because something it depends on has changed has no reason of its own: `(unknown)`. Undefined too for the steps
 * that V8 takes by itself between its compilers (`prepare for on stack replacement (OSR)`, `exit from OSR'd inner loop`:
 * thousands a second in a healthy loop on Node 24 and 26), and for what a debugger does: nothing is lost by them.
 */
export function classOfDeopt(reason: string): DeoptClass | undefined {
  const text = reason.toLowerCase();
  if (text.startsWith('insufficient type feedback for ')) return 'unseen';
  if (text === 'first use of catch block') return 'unseen';
  if (text.startsWith('dependent ')) return 'changed';
  return CLASS_BY_REASON.get(text);
}

function among(kind: DeoptClass, reasons: readonly string[]): [string, DeoptClass][] {
  return reasons.map((reason) => [reason, kind]);
}
