/** A JavaScript value as memory has it. `address` (tagged, as `core inspect` takes it) where it is an object. */
export type Value =
  | { type: 'undefined' | 'null' | 'hole' | 'optimized-out' }
  | { type: 'boolean'; value: boolean }
  /** NaN, ±Infinity and −0 included. */
  | { type: 'number'; value: number }
  /** Decimal digits. */
  | { type: 'bigint'; value: string }
  /** `length` in UTF-16 units of the whole; `text` may be cut. */
  | { type: 'string'; text: string; length: number; address: number }
  | { type: 'symbol'; description: string; address: number }
  | ObjectValue
  /** What cannot be read: corrupted, swapped out, not in the core. */
  | { type: 'unreadable'; address: number; why: string };

export interface ObjectValue {
  type: 'object';
  address: number;
  /** What kind of object it is for a reader; `object` = anything with properties. */
  kind:
    | 'object'
    | 'array'
    | 'function'
    | 'class'
    | 'map'
    | 'set'
    | 'weakmap'
    | 'weakset'
    | 'weakref'
    | 'date'
    | 'regexp'
    | 'promise'
    | 'error'
    | 'typed-array'
    | 'array-buffer'
    | 'data-view'
    | 'proxy'
    | 'boxed'
    | 'arguments'
    | 'generator'
    | 'global'
    | 'module'
    | 'context'
    | 'internal';
  /** Constructor's name: `Session`, `Object`, `[Object: null prototype]`, V8's type name for `internal`. */
  className: string;
  /** Short text of its own: source of a regexp, ISO date, name of a function, state of a promise, bytes in hex. */
  text?: string;
  /** Where a function or class is defined: `/app/auth.js:41:15`. */
  place?: string;
  /** Elements, entries or bytes of the whole, of what has such. */
  length?: number;
  /** Undefined: not asked for (depth), or the same object stands further up (`isCycle`). */
  properties?: Property[];
  isCycle?: boolean;
  /** Not all properties are listed: how many there are. */
  propertyCount?: number;
}

export interface Property {
  /** `name`, `3`, `Symbol(x)`, `#secret`, `[[PromiseResult]]`, of entries of maps the key's text. Holes of arrays are not listed. */
  key: string;
  /** Entries of maps whose key is no string; entries of sets have their position as `key`. */
  keyValue?: Value;
  kind: 'property' | 'element' | 'entry' | 'private' | 'internal' | 'variable';
  /** Accessor: its functions instead of a value. */
  get?: Value;
  set?: Value;
  value?: Value;
  isEnumerable?: boolean;
}
