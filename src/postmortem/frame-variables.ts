import { HolterError } from '../base/errors.ts';
import { readClosureVariables, readVariables, type Variable } from './closure-variables.ts';
import { memberOf } from './object-members.ts';
import { readValue } from './read-value.ts';
import type { JsFrame } from './stack-frame.ts';
import type { V8Reader } from './v8-reader.ts';
import type { Value } from './value.ts';
import type { ValuePath } from './value-path.ts';
import type { ValueLimits } from './value-walk.ts';

/** What a frame can name. */
export interface FrameVariables {
  /** `this`, the arguments, and the function's own variables that closures use. */
  named: { name: string; value: Value }[];
  /** Variables of the scopes around it, the nearest first; shadowed ones are left out. */
  outer: { name: string; value: Value; scope: string }[];
}

/** Variables of outer scopes that are listed: a module may have hundreds. */
const MOST_OUTER = 60;

/**
 * Receiver, arguments and variables of a frame, values down to `depth` levels. Locals that no closure uses are in
 * registers without names and cannot be told.
 */
export function readFrameVariables(v8: V8Reader, frame: JsFrame, depth: number): FrameVariables {
  const limits = { depth };
  const reread = (value: Value): Value =>
    // The global object has all of the language in it: `core inspect` opens it.
    value.type === 'object'
      ? readValue(v8, value.address, value.kind === 'global' ? { depth: 0 } : limits)
      : value;
  const named: FrameVariables['named'] = [];
  if (frame.receiver !== undefined) named.push({ name: 'this', value: reread(frame.receiver) });
  for (const [i, { name, value }] of (frame.arguments ?? []).entries())
    named.push({ name: name === '' ? `arg${i}` : name, value: reread(value) });
  const outer: FrameVariables['outer'] = [];
  const seen = new Set(named.map(({ name }) => name));
  for (const variable of variablesOf(v8, frame)) {
    if (seen.has(variable.name) || outer.length >= MOST_OUTER) continue;
    seen.add(variable.name);
    // Of the world around only what it is; more by `core inspect`.
    const value = readVariable(v8, variable, {
      depth: Math.min(depth, variable.scope === 'function' ? depth : 0),
    });
    outer.push({ name: variable.name, value, scope: variable.scope });
  }
  return { named, outer };
}

function variablesOf(v8: V8Reader, frame: JsFrame): Variable[] {
  if (frame.contextAddress !== undefined) {
    const found = readVariables(v8, frame.contextAddress);
    if (found.length > 0) return found;
  }
  return frame.functionAddress === undefined ? [] : readClosureVariables(v8, frame.functionAddress);
}

function readVariable(
  v8: V8Reader,
  { word, double }: { word: number; double?: number },
  limits: Partial<ValueLimits>,
): Value {
  return double === undefined ? readValue(v8, word, limits) : { type: 'number', value: double };
}

/**
 * Follows a path from an address or a frame and reads what stands at its end.
 * @param frame of a path that begins with one
 * @throws HolterError E_USAGE: nothing of that name is there; the hint lists what is
 */
export function readAtPath(
  v8: V8Reader,
  path: ValuePath,
  frame: JsFrame | undefined,
  limits: Partial<ValueLimits>,
): Value {
  let keys = path.keys;
  let value: Value;
  let walked: string;
  if (path.root.kind === 'address') {
    // Untagged addresses, as debuggers print them, name the same object.
    const { address } = path.root;
    value = readValue(v8, address % 2 === 0 ? address + 1 : address, { depth: 0 });
    walked = `0x${address.toString(16)}`;
  } else {
    const [first = '', ...rest] = keys;
    keys = rest;
    walked = `${path.root.kind === 'frame' ? path.root.frame : path.root.function}:${first}`;
    value = frameValue(v8, frame, first, walked);
  }
  for (const key of keys) {
    const next = step(v8, value, key);
    if (next === undefined)
      throw new HolterError('E_USAGE', `${walked} has no ${JSON.stringify(key)}: it is ${describe(value)}`, {
        hint: keysHint(v8, value),
      });
    value = next;
    walked = `${walked}.${key}`;
  }
  return value.type === 'object' ? readValue(v8, value.address, limits) : reread(v8, value, limits);
}

/** Strings were read short on the way. */
function reread(v8: V8Reader, value: Value, limits: Partial<ValueLimits>): Value {
  return value.type === 'string' && Number.isFinite(value.address)
    ? readValue(v8, value.address, limits)
    : value;
}

function step(v8: V8Reader, value: Value, key: string): Value | undefined {
  if (value.type === 'string') return key === 'length' ? { type: 'number', value: value.length } : undefined;
  if (value.type !== 'object') return undefined;
  const member = memberOf(v8, value.address, key);
  if (member === undefined) {
    if (key === 'length' && value.length !== undefined) return { type: 'number', value: value.length };
    return undefined;
  }
  return 'double' in member
    ? { type: 'number', value: member.double }
    : readValue(v8, member.word, { depth: 0, mostText: 200 });
}

function frameValue(v8: V8Reader, frame: JsFrame | undefined, name: string, walked: string): Value {
  if (frame === undefined)
    throw new HolterError('E_USAGE', `${walked}: this frame is no JavaScript, it has no values with names`, {
      hint: 'holter core bt numbers the frames',
    });
  const position = /^arg(\d+)$/.exec(name);
  const list = frame.arguments ?? [];
  const argument =
    list.find((one) => one.name === name) ?? (position === null ? undefined : list[Number(position[1])]);
  if (argument !== undefined) return argument.value;
  if (name === 'this' && frame.receiver !== undefined) return frame.receiver;
  const variables = variablesOf(v8, frame);
  const variable = variables.find((one) => one.name === name);
  if (variable !== undefined) return readVariable(v8, variable, { depth: 0 });
  const names = [
    ...(frame.receiver === undefined ? [] : ['this']),
    ...list.map((one, i) => one.name || `arg${i}`),
    ...variables.map((one) => one.name),
  ];
  throw new HolterError('E_USAGE', `frame has no ${JSON.stringify(name)} that can be read`, {
    hint:
      names.length === 0
        ? 'nothing of this frame is kept'
        : `it has ${[...new Set(names)].slice(0, 40).join(', ')}`,
  });
}

function describe(value: Value): string {
  if (value.type === 'object') return value.kind === 'object' ? `a ${value.className}` : `a ${value.kind}`;
  return value.type === 'unreadable' ? `unreadable (${value.why})` : value.type;
}

function keysHint(v8: V8Reader, value: Value): string {
  if (value.type !== 'object') return 'only objects have properties';
  const whole = readValue(v8, value.address, { depth: 1, mostProperties: 40, mostElements: 5, mostText: 40 });
  const keys = whole.type === 'object' ? (whole.properties ?? []).map(({ key }) => key) : [];
  return keys.length === 0 ? 'it has no properties' : `it has ${keys.slice(0, 40).join(', ')}`;
}
