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
  line: number;
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
