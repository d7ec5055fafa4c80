import { openBytes } from '../base/byte-source.ts';
import { JsonReader } from '../base/json-reader.ts';
import type { Recognised } from './recognise-profile.ts';

/** What JSON is, by the keys at its beginning; undefined when these say nothing. */
export function recogniseJson(head: Uint8Array): Recognised | undefined {
  const json = new JsonReader(openBytes(head));
  return json.peek() === 'array' ? recogniseList(json) : recogniseKeys(json, true);
}

function recogniseList(json: JsonReader): Recognised {
  json.enterArray();
  if (!json.nextElement()) return { other: json.damagedAt === undefined ? 'an empty JSON list' : 'cut JSON' };
  if (!json.enterObject()) return { other: 'a JSON list, but not of trace events' };
  const keys = new Set<string>();
  for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
    keys.add(name);
    json.skip();
  }
  // "Trace Event Format": every event has a phase; metadata may have little else.
  return keys.has('ph') || (keys.has('args') && keys.has('name'))
    ? { format: 'chrome-trace' }
    : { other: 'a JSON list, but not of trace events' };
}

function recogniseKeys(json: JsonReader, outermost: boolean): Recognised | undefined {
  const keys: string[] = [];
  json.enterObject();
  for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
    if (keys.length < 100) keys.push(name);
    const found = recogniseKey(json, name, outermost);
    if (found === 'unread') json.skip();
    else if (found !== undefined) return found;
  }
  const has = (...names: string[]): boolean => names.every((name) => keys.includes(name));
  // Keys in another order than V8's, with the telling one behind what was looked at.
  if (has('samples', 'timeDeltas') || has('timeDeltas', 'startTime')) return { format: 'cpuprofile' };
  if (has('meta', 'threads') || has('meta', 'libs'))
    return { other: 'a profile of the Firefox Profiler', hint: 'save it as folded stacks or pprof there' };
  if (has('header', 'javascriptStack')) return { other: 'a diagnostic report of Node' };
  if (json.damagedAt !== undefined) return undefined;
  return outermost ? { other: `JSON with the keys ${keys.slice(0, 5).join(', ') || '(none)'}` } : undefined;
}

/** Looks at one key's value; 'unread' when it is still to be skipped, undefined when it was read and says nothing. */
function recogniseKey(json: JsonReader, name: string, outermost: boolean): Recognised | 'unread' | undefined {
  const kind = json.peek();
  if (name === 'traceEvents' && kind === 'array') return { format: 'chrome-trace' };
  if (name === 'snapshot' && kind === 'object') return { other: 'a heap snapshot' };
  if (name === 'nodes' && kind === 'array') {
    json.enterArray();
    return json.nextElement() && json.peek() === 'number'
      ? { other: 'a heap snapshot' }
      : { format: 'cpuprofile' };
  }
  if (name === 'head' && kind === 'object') return recogniseHead(json);
  if (name === 'profile' && kind === 'object' && outermost) return recogniseKeys(json, false);
  if (name === '$schema' && kind === 'string')
    return json.readString()?.includes('speedscope') === true ? { format: 'speedscope' } : undefined;
  if (name === 'schema' && kind === 'string') {
    const schema = json.readString();
    return schema?.startsWith('holter.') === true
      ? { other: `a ${schema} document of holter`, hint: 'give it the recording it was made from' }
      : undefined;
  }
  if (name === 'shared' && kind === 'object') {
    json.enterObject();
    for (let inner = json.nextName(); inner !== undefined; inner = json.nextName()) {
      if (inner === 'frames') return { format: 'speedscope' };
      json.skip();
    }
    return undefined;
  }
  if ((name === 'code' || name === 'ticks') && kind === 'array') {
    json.enterArray();
    return !json.nextElement() || json.peek() === 'object' ? { format: 'v8-log' } : undefined;
  }
  return 'unread';
}

function recogniseHead(json: JsonReader): Recognised {
  json.enterObject();
  for (let name = json.nextName(); name !== undefined; name = json.nextName()) {
    if (name === 'callFrame' || name === 'selfSize') return { format: 'heapprofile' };
    if (name === 'functionName') return { other: 'a CPU profile of Node 7 or older' };
    json.skip();
  }
  return { format: 'heapprofile' };
}
