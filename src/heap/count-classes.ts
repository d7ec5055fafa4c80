/**
 * Counts objects by class INSIDE the target. Sent as text (`Function.prototype.toString`) and compiled in a fresh
 * context, so it may use nothing from this module's scope, and what it calls (Reflect, Map, Object.keys) is not what an
 * application may have replaced. Nothing it does runs code of the application: no property is read except through its
 * descriptor, accessors are never called, and proxies are recognised before they are touched.
 */

/** Values of the target's own realm that the count compares with. */
export interface CountTools {
  isProxy(value: unknown): boolean;
  objectPrototype: object;
  /** `EventEmitter.prototype` of `node:events`. */
  emitterPrototype: object;
  /** Rows handed out at most; the rest is added up in one. */
  mostRows: number;
}

export type CountedKind = 'class' | 'shape' | 'function' | 'array' | 'collection' | 'bytes';

/** [name, kind, count, bytes, entries]; a row's constructor or function is at the same index of `samples`. */
export type CountedRow = [string, CountedKind, number, number, number];

export interface CountedClasses {
  /** JSON of `CountedRow[]`: one string is cheaper to hand out than objects. */
  json: string;
  samples: unknown[];
  /** Rows left out, added up. */
  others: { rows: number; count: number; bytes: number };
}

/** The function that is sent. `objects`: the array that `Runtime.queryObjects` gave. */
export function countClasses(objects: readonly object[], tools: CountTools): CountedClasses {
  const { getPrototypeOf, getOwnPropertyDescriptor, ownKeys, apply } = Reflect;
  const { keys } = Object;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { isProxy, objectPrototype, emitterPrototype } = tools;
  const getterOf = (prototype: object, name: string) => getOwnPropertyDescriptor(prototype, name)!.get!;
  const mapSize = getterOf(Map.prototype, 'size');
  const setSize = getterOf(Set.prototype, 'size');
  const views = getPrototypeOf(Uint8Array.prototype)!;
  const viewLength = getterOf(views, 'byteLength');
  const viewBuffer = getterOf(views, 'buffer');
  const dataViewLength = getterOf(DataView.prototype, 'byteLength');
  const dataViewBuffer = getterOf(DataView.prototype, 'buffer');
  const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
  const sharedLength = getterOf(SharedArrayBuffer.prototype, 'byteLength');

  // Bytes of V8's 64-bit builds without pointer compression (Node 18-26): src/objects/*.tq.
  const WORD = 8;
  const OBJECT = 3 * WORD;
  const FUNCTION = 8 * WORD;
  const COLLECTION = 4 * WORD;
  const VIEW = 13 * WORD;
  /** What instances of built-in classes hold inside. Stacks of errors are not known. */
  const INSIDE: Record<string, number> = { Date: 9 * WORD, RegExp: 3 * WORD, Promise: 3 * WORD };
  const STORE = 2 * WORD;
  /** More keys than that: a dictionary, not a shape. */
  const SHAPE_KEYS = 40;
  const NAME_LENGTH = 120;
  const MOST_SHAPES = 20_000;
  /** Views up to this size keep their bytes in the heap; asking them for a buffer would make one. */
  const ON_HEAP_BYTES = 64;

  type Kind = 'plain' | 'class' | 'array' | 'map' | 'set' | 'view' | 'dataview' | 'buffer' | 'function';
  interface Group {
    name: string;
    kind: Kind;
    sample: unknown;
    count: number;
    bytes: number;
    entries: number;
    emitter: boolean;
    /** Own keys: of some instances only, see below. */
    keys: number;
    seen: number;
  }
  const groups: Group[] = [];
  const makeGroup = (name: string, kind: Kind, sample: unknown, emitter = false): Group => {
    const group: Group = { name, kind, sample, count: 0, bytes: 0, entries: 0, emitter, keys: 0, seen: 0 };
    groups.push(group);
    return group;
  };
  const cut = (text: string): string =>
    text.length > NAME_LENGTH ? `${text.slice(0, NAME_LENGTH - 1)}…` : text;

  /** Value of an own data property; accessors are not called. */
  const dataOf = (object: object, key: string): unknown => {
    if (isProxy(object)) return undefined;
    return getOwnPropertyDescriptor(object, key)?.value;
  };
  const functionName = (value: unknown): string => {
    const name = typeof value === 'function' ? dataOf(value, 'name') : undefined;
    return typeof name === 'string' ? name : '';
  };
  const isIndex = (key: string): boolean => {
    const code = key.charCodeAt(0);
    return code >= 48 && code <= 57;
  };
  const shapeName = (names: readonly string[]): string => {
    if (names.length > 0 && isIndex(names[0]!)) return '{[index]}';
    if (names.length > SHAPE_KEYS) return '{…} with many keys';
    return cut(`{${names.join(', ')}}`);
  };

  // --- one group per prototype object; prototypes of one constructor share it
  const byPrototype = new Map<object, Group>();
  const byConstructor = new Map<unknown, Group>();
  const kindOf = (object: object): Kind => {
    if (isArray(object)) return 'array';
    if (isView(object)) {
      try {
        apply(viewLength, object, []);
        return 'view';
      } catch {
        return 'dataview';
      }
    }
    for (const [kind, getter] of [
      ['map', mapSize],
      ['set', setSize],
      ['buffer', bufferLength],
      ['buffer', sharedLength],
    ] as [Kind, () => unknown][]) {
      try {
        apply(getter, object, []);
        return kind;
      } catch {
        // Not one of these.
      }
    }
    return 'class';
  };
  const groupOfPrototype = (prototype: object, object: object): Group => {
    let emitter = false;
    let maker: unknown;
    let own = false;
    let depth = 0;
    for (let at: object | null = prototype; at !== null && depth < 1000; at = getPrototypeOf(at), depth++) {
      if (isProxy(at)) break;
      if (at === emitterPrototype) emitter = true;
      if (maker === undefined) {
        const value = dataOf(at, 'constructor');
        if (typeof value === 'function' && !isProxy(value)) {
          maker = value;
          own = depth === 0;
        }
        // What inherits from Object alone, by a prototype that names no constructor.
        if (at === objectPrototype && !own) maker = undefined;
      }
    }
    const kind = kindOf(object);
    if (maker === undefined) {
      const names = isProxy(prototype) ? undefined : keys(prototype);
      const name = names === undefined ? 'Object on a proxy' : `Object on ${shapeName(names)}`;
      return makeGroup(cut(name), kind, undefined, emitter);
    }
    const known = byConstructor.get(maker);
    if (known !== undefined && known.kind === kind) return known;
    const group = makeGroup(cut(functionName(maker) || '(anonymous class)'), kind, maker, emitter);
    if (known === undefined) byConstructor.set(maker, group);
    return group;
  };

  const byShape = new Map<string, Group>();
  const byFunctionName = new Map<string, Group>();
  let otherShapes: Group | undefined;
  const named = (map: Map<string, Group>, key: string, kind: Kind, name: string, sample: unknown): Group => {
    let group = map.get(key);
    if (group === undefined) {
      if (map.size >= MOST_SHAPES) {
        otherShapes ??= makeGroup('(further shapes)', 'plain', undefined);
        return otherShapes;
      }
      group = makeGroup(name, kind, sample);
      map.set(key, group);
    }
    return group;
  };

  // --- entries and bytes
  /** Capacity of V8's ordered hash tables: powers of two, at least 4, two entries per bucket. */
  const tableBytes = (size: number, words: number): number => {
    let capacity = 4;
    while (capacity < size) capacity *= 2;
    return STORE + WORD * (3 + capacity / 2 + capacity * words);
  };
  const countListeners = (object: object): number => {
    const events = dataOf(object, '_events');
    if (typeof events !== 'object' || events === null || isProxy(events)) return 0;
    let count = 0;
    for (const key of ownKeys(events)) {
      const value = getOwnPropertyDescriptor(events, key)?.value as unknown;
      if (typeof value === 'function') count++;
      else if (isArray(value) && !isProxy(value)) count += value.length;
    }
    return count;
  };
  /** Of a very long array: a look at some places tells a sparse one. */
  const arrayEntries = (object: readonly unknown[]): number => {
    const { length } = object;
    if (length < 1_000_000) return length;
    let present = 0;
    for (let probe = 0; probe < 256; probe++)
      if (getOwnPropertyDescriptor(object, String(Math.floor((probe * length) / 256))) !== undefined)
        present++;
    return Math.round((length * present) / 256);
  };
  const viewed = new Map<unknown, number>();
  const buffers: { object: object; group: Group; length: number }[] = [];
  const addView = (group: Group, object: object, lengthOf: () => unknown, bufferOf: () => unknown) => {
    const length = apply(lengthOf, object, []) as number;
    group.entries += length;
    group.bytes += VIEW + length;
    if (length <= ON_HEAP_BYTES) return;
    const buffer = apply(bufferOf, object, []);
    viewed.set(buffer, (viewed.get(buffer) ?? 0) + length);
  };
  const addSpecial = (group: Group, object: object): void => {
    try {
      switch (group.kind) {
        case 'map': {
          const size = apply(mapSize, object, []) as number;
          group.entries += size;
          group.bytes += COLLECTION + tableBytes(size, 3);
          return;
        }
        case 'set': {
          const size = apply(setSize, object, []) as number;
          group.entries += size;
          group.bytes += COLLECTION + tableBytes(size, 2);
          return;
        }
        case 'view':
          addView(group, object, viewLength, viewBuffer);
          return;
        case 'dataview':
          addView(group, object, dataViewLength, dataViewBuffer);
          return;
        case 'buffer': {
          let length: number;
          try {
            length = apply(bufferLength, object, []) as number;
          } catch {
            length = apply(sharedLength, object, []) as number;
          }
          buffers.push({ object, group, length });
          return;
        }
      }
    } catch {
      // Inherits from Map and is none.
    }
    group.bytes += OBJECT;
  };

  let lastPrototype: object | null = null;
  let lastGroup: Group | undefined;
  const total = objects.length;
  for (let index = 0; index < total; index++) {
    const object = objects[index]!;
    if (isProxy(object)) continue;
    if (typeof object === 'function') {
      const name = functionName(object);
      const key = name === '' ? '(anonymous)' : cut(name);
      const group = named(byFunctionName, key, 'function', `function ${key}`, object);
      group.count++;
      group.bytes += FUNCTION;
      continue;
    }
    const prototype = getPrototypeOf(object);
    if (prototype === null) continue;
    if (prototype === objectPrototype) {
      const names = keys(object);
      const length = names.length;
      const dictionary = length > 0 && (length > SHAPE_KEYS || isIndex(names[0]!));
      // No key of an object begins so: keys are joined, and an index would come first.
      const key = dictionary ? (isIndex(names[0]!) ? '0' : '0many') : names.join('\n');
      let group = byShape.get(key);
      if (group === undefined) group = named(byShape, key, 'plain', shapeName(names), undefined);
      group.count++;
      if (dictionary) {
        group.entries += length;
        group.bytes += OBJECT + tableBytes(length, 3);
      } else group.bytes += OBJECT + WORD * (length === 0 ? 4 : length);
      continue;
    }
    let group: Group;
    if (prototype === lastPrototype) group = lastGroup!;
    else {
      const known = byPrototype.get(prototype);
      if (known === undefined) {
        group = groupOfPrototype(prototype, object);
        byPrototype.set(prototype, group);
      } else group = known;
      lastPrototype = prototype;
      lastGroup = group;
    }
    // The prototype of a subclass is an object of the class too, and no instance.
    const own = getOwnPropertyDescriptor(object, 'constructor');
    if (own !== undefined && typeof own.value === 'function' && dataOf(own.value, 'prototype') === object)
      continue;
    group.count++;
    if (group.kind === 'class') {
      // Own keys cost more than all the rest: of many instances some stand for all.
      if (group.count <= 64 || group.count % 128 === 0) {
        group.seen++;
        group.keys += ownKeys(object).length;
      }
      if (group.emitter) group.entries += countListeners(object);
    } else if (group.kind === 'array') {
      const length = isArray(object) ? arrayEntries(object) : 0;
      group.entries += length;
      group.bytes += COLLECTION + (length === 0 ? 0 : STORE + WORD * length);
    } else addSpecial(group, object);
  }
  for (const { object, group, length } of buffers) {
    // What a view has been charged for is not charged again.
    group.entries += length;
    group.bytes += 11 * WORD + Math.max(0, length - (viewed.get(object) ?? 0));
  }
  for (const group of groups)
    if (group.kind === 'class' && group.seen > 0)
      group.bytes += group.count * (OBJECT + WORD * (group.keys / group.seen) + (INSIDE[group.name] ?? 0));

  const sorted = groups
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.bytes - a.bytes || b.count - a.count);
  const rest = sorted.splice(tools.mostRows);
  const OUT: Record<Kind, CountedKind> = {
    plain: 'shape',
    class: 'class',
    array: 'array',
    map: 'collection',
    set: 'collection',
    view: 'bytes',
    dataview: 'bytes',
    buffer: 'bytes',
    function: 'function',
  };
  const rows: CountedRow[] = [];
  const samples: unknown[] = [];
  for (const { name, kind, count, bytes, entries, sample } of sorted) {
    rows.push([name, OUT[kind], count, Math.round(bytes), entries]);
    samples.push(sample);
  }
  const others = { rows: rest.length, count: 0, bytes: 0 };
  for (const { count, bytes } of rest) {
    others.count += count;
    others.bytes += Math.round(bytes);
  }
  return { json: JSON.stringify(rows), samples, others };
}
