import type { ForeignFrame } from './foreign-frame.ts';
import { splitPlace } from './foreign-frame.ts';

/** What a frame means to the frames next to it. */
export type PerfFrameRole =
  | 'plain'
  | 'js'
  /** JS run by the interpreter through a trampoline of its own. */
  | 'interpreted'
  /** V8's interpreter running some function that perf cannot name. */
  | 'interpreter'
  /** Here a garbage collection begins: native code called from it belongs to it. */
  | 'gc'
  | 'kernel';

export interface PerfFrame extends ForeignFrame {
  role: PerfFrameRole;
}

/**
 * V8's names in perf maps and jitdumps (src/logging/log.cc and code-events.h, V8 10.2–14): kind, tier mark (`~` interpreter,
 * `^` Sparkplug, `+` Maglev, `*` TurboFan, `'` compiled concurrently or for a running loop), function, file and place.
 */
const SCRIPT_CODE = /^(?:JS|LazyCompile|Function|Eval|Script|Callback):([~^+*]?)'?(.*)$/s;
const OTHER_CODE = /^(?:Builtin|BytecodeHandler|Handler|Stub|RegExp|LoadIC|StoreIC|KeyedLoadIC):(.+)$/s;
const REGEXP = /^RegExp\.> src: '(.*)' flags: '(\w*)'$/s;
/** Without a kind before it: what 0x and older perf maps leave. */
const TIERED = /^[~^+*]/;

const COLLECTOR =
  /^(?:v8::internal::(?:Heap::(?:CollectGarbage|CollectAllGarbage|CollectAllAvailableGarbage|PerformGarbageCollection|Scavenge|MarkCompact|MinorMarkSweep|StartIncrementalMarking|FinalizeIncrementalMarking\w*)|Scavenger\w*|ScavengerCollector|RootScavengeVisitor|MarkCompactCollector|MinorMarkSweepCollector|MinorMarkCompactCollector|MarkingVisitor\w*|IncrementalMarking\w*|ConcurrentMarking|Sweeper|ArrayBufferSweeper|Evacuator|PagePromotion\w*|PointersUpdatingJob|GCTracer)\b|cppgc::internal::(?:Marker|Sweeper|Compactor|ConcurrentMarkingTask|HeapBase::\w*(?:Garbage|Mark|Sweep))|_ZN2v88internal(?:4Heap\d+(?:CollectGarbage|PerformGarbageCollection)|\d+(?:Scavenger|MarkCompactCollector|IncrementalMarking|ConcurrentMarking|Sweeper)))/;

/** Sections of a process that perf also writes in brackets. */
const USER_SECTION = /^\[(?:unknown|vdso|vsyscall|heap|stack|anon|JIT|uprobes)/;

/**
 * What a frame of `perf script` is, from its symbol (without `+0x…`) and the file its code lies in. A symbol that perf
 * could not find is named after that file: `[libc.so.6]`.
 */
export function readPerfFrame(symbol: string, module: string): PerfFrame {
  const kernel = isKernel(module);
  if (symbol === '[unknown]' || symbol === '') return plain(unknownName(module), kernel);
  if (kernel) return plain(symbol, true);
  const script = SCRIPT_CODE.exec(symbol);
  if (script !== null) {
    return {
      ...splitPlace(script[2]!),
      category: 'js',
      role: script[1] === '~' ? 'interpreted' : 'js',
    };
  }
  if (symbol.endsWith('InterpreterEntryTrampoline')) {
    return { ...plain('(interpreted function)', false), role: 'interpreter' };
  }
  const regexp = REGEXP.exec(symbol);
  if (regexp !== null) return plain(`/${regexp[1]}/${regexp[2]}`, false);
  const other = OTHER_CODE.exec(symbol);
  if (other !== null) return plain(symbol.startsWith('RegExp:') ? `/${other[1]}/` : other[1]!, false);
  if (COLLECTOR.test(symbol)) {
    return { name: symbol, file: '', line: 0, column: 0, category: 'gc', role: 'gc' };
  }
  return plain(symbol, false);
}

/** A frame of a folded stack: the same names, but nobody says where the code lies. */
export function readPlainFrame(symbol: string): ForeignFrame {
  const frame = readPerfFrame(symbol, '');
  if (frame.role !== 'plain' || frame.name !== symbol) return frame;
  const text = TIERED.test(symbol) ? symbol.slice(1) : symbol;
  const placed = splitPlace(text);
  return placed.file === '' ? { ...placed, name: symbol, line: 0, column: 0 } : placed;
}

function plain(name: string, kernel: boolean): PerfFrame {
  const category = kernel ? 'kernel' : 'native';
  return { name, file: '', line: 0, column: 0, category, role: kernel ? 'kernel' : 'plain' };
}

function isKernel(module: string): boolean {
  if (module.startsWith('[')) return !USER_SECTION.test(module);
  return /(?:^|\/)vmlinux[^/]*$|\.ko(?:\.[gx]z|\.zst)?$/.test(module);
}

function unknownName(module: string): string {
  if (module === '' || module === '[unknown]') return '[unknown]';
  const base = module.slice(module.lastIndexOf('/') + 1);
  return base.startsWith('[') ? base : `[${base}]`;
}
