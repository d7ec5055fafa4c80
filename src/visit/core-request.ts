import { readFrameVariables } from '../postmortem/frame-variables.ts';
import { memberOf } from '../postmortem/object-members.ts';
import { readValue } from '../postmortem/read-value.ts';
import type { JsFrame, StackFrame } from '../postmortem/stack-frame.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import type { ObjectValue, Value } from '../postmortem/value.ts';
import type { CoreRequest } from '../recording/core-evidence.ts';

const LONGEST_URL = 300;
/** Frames that are looked through: below them are Node's own, which have it as well. */
const MOST_FRAMES = 200;
/** What frameworks keep Node's request in: koa's context, fastify's and hapi's request. */
const INSIDE = new Set(['req', 'raw', 'request']);

/**
 * The HTTP request that the innermost frames work for: an `IncomingMessage` among receivers, arguments and variables of
 * closures, or a step inside of one of them.
 * @param frames of one thread with their values, innermost first
 * @returns null: none is to be seen, or what is there is damaged
 */
export function findRequest(v8: V8Reader, frames: readonly StackFrame[]): CoreRequest | null {
  for (const frame of frames.slice(0, MOST_FRAMES)) {
    if (frame.kind !== 'js') continue;
    for (const { name, value } of valuesOf(v8, frame)) {
      const found = requestIn(v8, value, name);
      if (found !== undefined) return withFrame(frame, found);
    }
  }
  return null;
}

function withFrame({ name }: JsFrame, found: CoreRequest): CoreRequest {
  const plain = name.replace(/ \[as .*\]$/, '');
  return { ...found, path: plain === '' || plain === '(anonymous)' ? '' : `${plain}:${found.path}` };
}

function valuesOf(v8: V8Reader, frame: JsFrame): { name: string; value: Value }[] {
  const named = (frame.arguments ?? []).map(({ name, value }, i) => ({ name: name || `arg${i}`, value }));
  if (frame.receiver !== undefined) named.push({ name: 'this', value: frame.receiver });
  return [...named, ...readFrameVariables(v8, frame, 0).outer];
}

function requestIn(v8: V8Reader, value: Value, path: string): CoreRequest | undefined {
  if (value.type !== 'object' || value.kind !== 'object') return undefined;
  const own = requestOf(v8, value, path);
  if (own !== undefined) return own;
  for (const { key, value: inner } of value.properties ?? [])
    if (INSIDE.has(key) && inner?.type === 'object') {
      const found = requestOf(v8, inner, `${path}.${key}`);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** Of answers that a client got, which have the same class, `url` is empty and `method` null. */
function requestOf(v8: V8Reader, { className, address }: ObjectValue, path: string): CoreRequest | undefined {
  if (!/^(IncomingMessage|Http2ServerRequest)$/.test(className)) return undefined;
  const text = (key: string): string => {
    const member = memberOf(v8, address, key);
    if (member === undefined || 'double' in member) return '';
    const value = readValue(v8, member.word, { depth: 0, mostText: LONGEST_URL });
    return value.type === 'string' ? value.text : '';
  };
  const [method, url] = [text('method'), text('url')];
  return method === '' || url === '' ? undefined : { method, url, path };
}
