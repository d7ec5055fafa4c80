import { JsonKeys } from '../base/json-keys.ts';
import type { JsonReader } from '../base/json-reader.ts';
import { END } from '../base/json-reader.ts';
import { IntList } from '../base/number-list.ts';
import { StringTable } from '../base/string-table.ts';
import type { FrameInfo } from './call-tree-builder.ts';
import { describeForeignFrame, splitPlace } from './foreign-frame.ts';
import type { ReadProfileOptions } from './profile-file.ts';

/** What a code entry of a processed V8 log is to a stack. */
export const CODE_KINDS = { hidden: 0, js: 1, builtin: 2, native: 3, library: 4, regexp: 5 } as const;

const KEYS = new JsonKeys(['name', 'type', 'kind']);

/** Machinery between functions: V8's CPU profiler does not show it either. */
const MACHINERY =
  /^(?:InterpreterEntryTrampoline|BaselineOrInterpreter\w*|BaselineOutOfLinePrologue\w*|JSEntry\w*|JSRunMicrotasksEntry|JSConstructEntry|JSEntryTrampoline|CEntry_\w+|InterpreterPush\w+|InterpreterEnter\w+|DeoptimizationEntry_\w+)$/;

/** The code entries of `node --prof-process --preprocess` (Node lib/internal/v8_prof_polyfill, V8 tools/profile.mjs), by number. */
export class V8LogCodes {
  readonly #names = new StringTable();
  readonly #name = new IntList();
  readonly #kind = new IntList();

  get length(): number {
    return this.#name.length;
  }

  /** Reads the `code` array. */
  read(json: JsonReader): void {
    if (!json.enterArray()) return;
    while (json.nextElement()) this.#readEntry(json);
  }

  #readEntry(json: JsonReader): void {
    let name = 0;
    let type = '';
    let kind = '';
    if (json.enterObject()) {
      for (let key = json.nextKey(KEYS); key !== END; key = json.nextKey(KEYS)) {
        if (key === 0) name = json.readStringId(this.#names, 0);
        else if (key === 1) type = json.readString() ?? '';
        else if (key === 2) kind = json.readString() ?? '';
        else json.skip();
      }
    }
    this.#name.push(name);
    this.#kind.push(kindOf(type, kind));
  }

  /** How a code entry is shown; −1 and numbers that no entry has are hidden. */
  kind(code: number): number {
    const kind = code >= 0 && code < this.#kind.length ? this.#kind.values[code]! : CODE_KINDS.hidden;
    return kind === CODE_KINDS.builtin && MACHINERY.test(this.#names.text(this.#name.values[code]!))
      ? CODE_KINDS.hidden
      : kind;
  }

  describe(code: number, options: ReadProfileOptions): FrameInfo {
    const text = this.#names.text(this.#name.values[code]!);
    const native = { file: '', line: 0, column: 0, category: 'native' } as const;
    switch (this.#kind.values[code]) {
      case CODE_KINDS.js: {
        const placed = splitPlace(text);
        // Older tools leave the tier in front of the name.
        const tier = placed.file !== '' && /^[~^*+]/.test(placed.name) ? 1 : 0;
        return describeForeignFrame({ ...placed, name: placed.name.slice(tier), category: 'js' }, options);
      }
      case CODE_KINDS.library:
        return describeForeignFrame({ ...native, name: libraryName(text) }, options);
      case CODE_KINDS.regexp:
        return describeForeignFrame({ ...native, name: regexpName(text) }, options);
      default:
        return describeForeignFrame({ ...native, name: text }, options);
    }
  }
}

function kindOf(type: string, kind: string): number {
  if (type === 'JS') return CODE_KINDS.js;
  if (type === 'CPP') return CODE_KINDS.native;
  if (type === 'SHARED_LIB') return CODE_KINDS.library;
  // What the interpreter runs belongs to the function it runs, which has a frame of its own.
  if (kind === 'BytecodeHandler' || kind === 'Handler') return CODE_KINDS.hidden;
  return kind === 'RegExp' ? CODE_KINDS.regexp : CODE_KINDS.builtin;
}

function libraryName(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1);
  return base.startsWith('[') ? base : `[${base}]`;
}

/** `src: 'item (\d+)' flags: 'g'` in new versions, the source alone in old ones. */
function regexpName(text: string): string {
  const parts = /src: '(.*)' flags: '(\w*)'$/s.exec(text);
  return parts === null ? `/${text}/` : `/${parts[1]}/${parts[2]}`;
}
