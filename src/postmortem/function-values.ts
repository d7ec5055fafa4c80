import { readFunctionInfo, sharedOf } from './function-info.ts';
import { placeAt } from './source-lines.ts';
import type { V8Reader } from './v8-reader.ts';

/** Where a function stands: V8's name for it, and `/app/auth.js:41:15` ('' for V8's own functions). */
export interface FunctionPlace {
  name: string;
  text: string;
}

const NOWHERE: FunctionPlace = { name: '', text: '' };

/** Of a closure. Undecodable ones have neither name nor place. */
export function functionPlace(v8: V8Reader, jsFunction: number): FunctionPlace {
  return sharedPlace(v8, sharedOf(v8, jsFunction));
}

/** Of a SharedFunctionInfo. */
export function sharedPlace(v8: V8Reader, shared: number): FunctionPlace {
  const info = readFunctionInfo(v8, shared);
  if (info === undefined) return NOWHERE;
  const place = Number.isNaN(info.script) ? undefined : placeAt(v8, info.script, info.token);
  return { name: info.name, text: place === undefined ? '' : `${place.url}:${place.line}:${place.column}` };
}

/** A class as written with `class`, or any other function. */
export function kindOfFunction(v8: V8Reader, jsFunction: number): 'function' | 'class' {
  return readFunctionInfo(v8, sharedOf(v8, jsFunction))?.isClassConstructor === true ? 'class' : 'function';
}
