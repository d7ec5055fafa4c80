import type { Mapping } from '../linux/memory-map.ts';
import { functionsOfBytecode } from './bytecode-owners.ts';
import { functionLabel, TIER_MARK } from './code-names.ts';
import { optimizedShared } from './deoptimization.ts';
import { CHUNK, findHeapPages } from './heap-pages.ts';
import { HeapWalk } from './heap-walk.ts';
import { type JitCode, jitCodeOf } from './jit-code.ts';
import { baselineBytecode } from './js-frame.ts';
import { isSharedFunctionInfo } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A piece of code that was found. */
export interface FoundCode {
  start: number;
  size: number;
  /** As V8's perf maps name it; '' until `nameBaseline`, and for ever when the function is gone. */
  name: string;
}

interface Known extends FoundCode {
  /** Of the Code object. */
  address: number;
  /** Of baseline code its BytecodeArray, of optimised code its SharedFunctionInfo; NaN else. */
  owner: number;
  kind: JitCode['kind'];
}

/**
 * The machine code in V8's heap, found again and again while the process runs: what `--perf-basic-prof` would have written,
 * for a process that was started without. Looks at the pages that may be executed only. The process is not stopped: an
 * object that changes while it is read fails a check of its type, and is found the next time.
 */
export class CodeMap {
  readonly #known = new Map<number, Known>();
  readonly #all: Known[] = [];

  /** Looks once. @returns what was not there before */
  update(v8: V8Reader): FoundCode[] {
    const { image } = v8;
    const executable = withHeaders(image.mappings);
    const reader: V8Reader = { ...v8, image: Object.assign(Object.create(image), { mappings: executable }) };
    const types = [v8.layout.types.get('INSTRUCTION_STREAM_TYPE') ?? v8.layout.types.get('CODE_TYPE')];
    const pages = findHeapPages(reader).isolates.flatMap((isolate) => isolate.pages);
    const walk = new HeapWalk(v8);
    const found: Known[] = [];
    walk.walk(pages, ({ base, count, offsets, maps }) => {
      for (let index = 0; index < count; index++) {
        if (!types.includes(walk.maps[maps[index]!]!.type)) continue;
        const code = jitCodeOf(v8, base + offsets[index]! + 1);
        if (code === undefined) continue;
        const known = this.#known.get(code.start);
        const owner = ownerOf(v8, code);
        if (known !== undefined && isSame(known, code, owner)) continue;
        found.push(describe(v8, code, owner));
      }
    });
    for (const one of found) this.#known.set(one.start, one);
    this.#all.push(...found);
    return found;
  }

  /** Gives baseline code its names, which takes a walk over the old generation. */
  nameBaseline(v8: V8Reader): void {
    const wanted = new Set(
      this.#all.filter(({ name, kind }) => name === '' && kind === 'baseline').map(({ owner }) => owner),
    );
    const owners = functionsOfBytecode(v8, wanted);
    for (const one of this.#all) {
      const shared = one.name === '' ? owners.get(one.owner) : undefined;
      if (shared !== undefined) one.name = `JS:${TIER_MARK.baseline}${functionLabel(v8, shared)}`;
    }
  }
}

/**
 * Anonymous memory that may be executed, and where the chunks that it is in begin: until V8 12 the header of a page of code
 * may be written and not executed.
 */
function withHeaders(mappings: readonly Mapping[]): Mapping[] {
  const isExecutable = ({ permissions, path }: Mapping): boolean => permissions[2] === 'x' && path === '';
  const begins = mappings.filter(isExecutable).map(({ start }) => Math.floor(start / CHUNK) * CHUNK);
  return mappings.filter(
    (each) =>
      isExecutable(each) ||
      (each.path === '' && begins.some((begin) => begin >= each.start && begin < each.end)),
  );
}

function ownerOf(v8: V8Reader, code: JitCode): number {
  if (code.kind === 'baseline') return baselineBytecode(v8, code);
  return code.kind === 'maglev' || code.kind === 'turbofan' ? optimizedShared(v8, code) : Number.NaN;
}

/** Memory is used again: the same place may hold other code. */
function isSame(known: Known, { address, size, kind }: JitCode, owner: number): boolean {
  return (
    known.address === address && known.size === size && known.kind === kind && Object.is(known.owner, owner)
  );
}

function describe(v8: V8Reader, { start, size, address, kind }: JitCode, owner: number): Known {
  let name = '';
  if (kind === 'regexp') name = 'RegExp:(compiled regular expression)';
  else if (kind !== 'baseline' && isSharedFunctionInfo(v8, owner))
    name = `JS:${TIER_MARK[kind]}${functionLabel(v8, owner)}`;
  return { start, size, address, kind, name, owner };
}
