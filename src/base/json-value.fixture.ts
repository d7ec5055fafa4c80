import type { JsonKind, JsonReader } from './json-reader.ts';

/**
 * The value that follows as JSON.parse would make it, of damaged text what is whole; undefined when there is none. For
 * tests, which compare the two.
 */
export function readJsonValue(json: JsonReader): unknown {
  const root: unknown[] = [];
  const stack: { into: unknown[] | Record<string, unknown>; name: string }[] = [{ into: root, name: '' }];
  let inRoot = true;
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    if (top.into === root) {
      if (!inRoot) break;
      inRoot = false;
    } else if (Array.isArray(top.into)) {
      if (!json.nextElement()) {
        stack.pop();
        continue;
      }
    } else {
      const name = json.nextName();
      if (name === undefined) {
        stack.pop();
        continue;
      }
      top.name = name;
    }
    const kind = json.peek();
    const value: unknown = kind === 'array' ? [] : kind === 'object' ? {} : readScalar(json, kind);
    if (value === undefined) continue;
    if (Array.isArray(top.into)) top.into.push(value);
    else if (top.name === '__proto__')
      Object.defineProperty(top.into, top.name, {
        value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else top.into[top.name] = value;
    if (kind === 'array' || kind === 'object') {
      if (kind === 'array') json.enterArray();
      else json.enterObject();
      stack.push({ into: value as unknown[], name: '' });
    }
  }
  return root[0];
}

function readScalar(json: JsonReader, kind: JsonKind): unknown {
  if (kind === 'string') return json.readString();
  if (kind !== 'number') return json.readLiteral();
  const number = json.readNumber(Number.NaN);
  return json.damagedAt === undefined ? number : undefined;
}
