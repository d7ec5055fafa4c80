import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';

/** A frame of the thread that matters, as a core tells it; innermost first. */
export interface CoreFrame {
  /** As Error.stack names it; of native code the symbol. */
  function: string;
  /** After source maps; '' of native code. */
  file: string;
  /** 1-based, 0 unknown. */
  line: number;
  column: number;
  isNative: boolean;
}

/** One object on the way from a root to a held one, and how it refers to the next. */
export interface CoreHolder {
  kind: 'function' | 'scope' | 'object' | 'engine';
  /** Class of an object, name of a function; '' anonymous. */
  name: string;
  file: string;
  /** Where a function begins, a variable is declared; as in CoreFrame. */
  line: number;
  column: number;
  /** How it refers to the next one: `context`, `property`, `element`, `internal` …; '' the last. */
  edge: string;
  edgeName: string;
}

/** An HTTP request that was being handled. */
export interface CoreRequest {
  /** `GET`. */
  method: string;
  /** As it came, cut after 300 characters. */
  url: string;
  /** Where it was found, as `core inspect` takes it: `handle:req`; '' in a function without a name. */
  path: string;
}

/** What a core says of why its process ended or what it was doing: `core.json` of a recording. */
export interface CoreEvidence {
  schema: 'holter.core-evidence/1';
  /** Path of the core, as it was given. */
  core: string;
  /** How it ended; null: it was alive when the core was taken. */
  crash: { signal: string; reason: string; message: string } | null;
  /** What was thrown, of an uncaught exception. */
  exception: { name: string; message: string } | null;
  thread: { tid: number; state: string; isIdle: boolean } | null;
  frames: CoreFrame[];
  /** The request that the stack works for. */
  request: CoreRequest | null;
  /** Of the main thread; NaN as null. Null: this V8 is not known. */
  heap: { usedBytes: Bytes; limitBytes: Bytes | null; spaces: { name: string; usedBytes: Bytes }[] } | null;
  /** Objects that can be reached; with garbage where that was not to be found out (`problems` says so). */
  objects: { count: number; bytes: Bytes; outsideBytes: Bytes };
  /** Of the program, most bytes first. */
  classes: {
    name: string;
    kind: 'class' | 'shape' | 'string';
    count: number;
    bytes: Bytes;
    outsideBytes: Bytes;
    place: string;
  }[];
  /** Of what there is most: who holds one of them, and what lives by that holder. */
  held: {
    name: string;
    count: number;
    bytes: Bytes;
    chain: CoreHolder[];
    root: string;
    /** What would be free without the container that it lies in. */
    retainedBytes: Bytes;
    retainedObjects: number;
  } | null;
  /** What could not be read, in sentences. */
  problems: string[];
}

/** What a value must be: a type, or an object or list of such; `nullable` may be null. */
type Shape = 'string' | 'number' | 'boolean' | { [key: string]: Shape } | [Shape] | { nullable: Shape };

const SHAPE: Shape = {
  core: 'string',
  crash: { nullable: { signal: 'string', reason: 'string', message: 'string' } },
  exception: { nullable: { name: 'string', message: 'string' } },
  thread: { nullable: { tid: 'number', state: 'string', isIdle: 'boolean' } },
  frames: [{ function: 'string', file: 'string', line: 'number', column: 'number', isNative: 'boolean' }],
  request: { nullable: { method: 'string', url: 'string', path: 'string' } },
  heap: {
    nullable: {
      usedBytes: 'number',
      limitBytes: { nullable: 'number' },
      spaces: [{ name: 'string', usedBytes: 'number' }],
    },
  },
  objects: { count: 'number', bytes: 'number', outsideBytes: 'number' },
  classes: [
    {
      name: 'string',
      kind: 'string',
      count: 'number',
      bytes: 'number',
      outsideBytes: 'number',
      place: 'string',
    },
  ],
  held: {
    nullable: {
      name: 'string',
      count: 'number',
      bytes: 'number',
      chain: [
        {
          kind: 'string',
          name: 'string',
          file: 'string',
          line: 'number',
          column: 'number',
          edge: 'string',
          edgeName: 'string',
        },
      ],
      root: 'string',
      retainedBytes: 'number',
      retainedObjects: 'number',
    },
  },
  problems: ['string'],
};

/**
 * Reads `core.json` of a recording, which may come from anywhere.
 * @throws HolterError E_FILE_FORMAT
 */
export function readCoreFile(text: string, name = 'core.json'): CoreEvidence {
  let value: Partial<CoreEvidence> | null;
  try {
    value = JSON.parse(text) as Partial<CoreEvidence> | null;
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is not JSON`, { cause });
  }
  if (value?.schema !== 'holter.core-evidence/1')
    throw new HolterError('E_FILE_FORMAT', `${name} is no holter.core-evidence/1`);
  if (!isLike(value, SHAPE)) throw new HolterError('E_FILE_FORMAT', `${name} is not whole`);
  return value as CoreEvidence;
}

/** As deep as the shape is, whatever the value. */
function isLike(value: unknown, shape: Shape): boolean {
  if (shape === 'number') return Number.isFinite(value);
  if (typeof shape === 'string') return typeof value === shape;
  if (Array.isArray(shape)) return Array.isArray(value) && value.every((one) => isLike(one, shape[0]));
  if ('nullable' in shape) return value === null || isLike(value, shape.nullable as Shape);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(shape).every(([key, inner]) =>
    isLike((value as Record<string, unknown>)[key], inner),
  );
}
