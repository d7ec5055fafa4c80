import { readFunctionInfo, scriptOf, sharedOf } from './function-info.ts';
import { field, isScript, isSharedFunctionInfo, isString } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString, textOf } from './v8-strings.ts';

/** Text of a script as V8 keeps it: what really ran, whatever became of the file. */
export interface ScriptText {
  url: string;
  lines: string[];
  /** UTF-16 units of the text; more than the lines hold where memory is missing. */
  length: number;
  isWhole: boolean;
  /** 1-based lines of the function that was asked for. */
  functionLines?: { name: string; first: number; last: number };
}

/** Longer scripts are bundles; all of one is read in a quarter of a second. */
const LONGEST = 64 * 2 ** 20;

/**
 * Text of the script of a closure, SharedFunctionInfo or Script by its tagged address; undefined: it is none of these or has
 * no text (V8's own builtins).
 */
export function readScriptText(v8: V8Reader, address: number): ScriptText | undefined {
  const shared = isSharedFunctionInfo(v8, address) ? address : sharedOf(v8, address);
  const script = isScript(v8, address) ? address : scriptOf(v8, shared);
  if (!isScript(v8, script)) return undefined;
  const source = field(v8, script, 'Script.source');
  if (!isString(v8, source)) return undefined;
  const string = readString(v8, source, LONGEST);
  if (string === undefined || string.text === '') return undefined;
  const text: ScriptText = {
    url: textOf(v8, field(v8, script, 'Script.name'), 4096),
    lines: string.text.split(/\r\n|\n|\r|\u2028|\u2029/),
    length: string.length,
    isWhole: string.text.length >= string.length,
  };
  const info = readFunctionInfo(v8, shared);
  if (info === undefined || !(info.end > 0)) return text;
  const from = info.token >= 0 ? info.token : info.start;
  text.functionLines = {
    name: info.name || info.inferredName,
    first: lineOf(string.text, from),
    last: lineOf(string.text, Math.max(from, info.end - 1)),
  };
  return text;
}

/** 1-based. */
function lineOf(text: string, offset: number): number {
  let line = 1;
  for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
    if (match.index >= offset) break;
    line++;
  }
  return line;
}
