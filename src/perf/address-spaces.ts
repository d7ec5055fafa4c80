import { MOST_SPACES } from './address-table.ts';

/** A stretch of a process's memory that a file was mapped to, from a moment on. */
export interface CodeMapping {
  /** Ns of the recording's clock; 0 = there before. */
  time: number;
  start: number;
  /** Exclusive. */
  end: number;
  /** Offset in the file, bytes. */
  offset: number;
  /** As the process saw it; `//anon`, `[vdso]`. */
  path: string;
  /** In hexadecimal, where the record has one. */
  buildId: string | undefined;
}

export interface AddressSpace {
  pid: number;
  /** The process it was forked from, and when: its mappings up to then are this one's, too. */
  parent: { pid: number; time: number } | undefined;
  mappings: CodeMapping[];
}

/** A chain of parents is no longer; a damaged file may have rings. */
const MOST_FORKS = 64;
/** Of one process: a program that maps files all day has some thousand. */
const MOST_MAPPINGS = 200_000;

/** Which code was mapped where, by process and time. Records may come in any order; `close` sorts. */
export class AddressSpaces {
  /** By space, beginning at 1 (0 is the kernel's). */
  readonly spaces: AddressSpace[] = [{ pid: -1, parent: undefined, mappings: [] }];
  readonly #byPid = new Map<number, number>();
  readonly #index = new Map<AddressSpace, SpaceIndex>();

  /** Number of the space of a process. */
  spaceOf(pid: number): number {
    const known = this.#byPid.get(pid);
    if (known !== undefined) return known;
    if (this.spaces.length >= MOST_SPACES) return MOST_SPACES - 1;
    const space = this.spaces.push({ pid, parent: undefined, mappings: [] }) - 1;
    this.#byPid.set(pid, space);
    return space;
  }

  map(pid: number, mapping: CodeMapping): void {
    const { mappings } = this.spaces[this.spaceOf(pid)]!;
    if (mappings.length < MOST_MAPPINGS && mapping.end > mapping.start) mappings.push(mapping);
  }

  fork(pid: number, parent: number, time: number): void {
    if (pid === parent) return;
    const space = this.spaces[this.spaceOf(pid)]!;
    space.parent ??= { pid: parent, time };
  }

  /** The process runs another program from now on: nothing of its parent's memory is left. */
  exec(pid: number): void {
    this.spaces[this.spaceOf(pid)]!.parent = undefined;
  }

  /**
   * Mappings that ever held an address of a space, oldest first. Most often one: then the time of a sample need not be
   * asked for. Only after all records were seen.
   */
  at(space: number, address: number): readonly CodeMapping[] {
    let current = this.spaces[space];
    let until = Number.POSITIVE_INFINITY;
    for (let step = 0; current !== undefined && step < MOST_FORKS; step++) {
      const found = this.#indexOf(current).at(address);
      const inTime = until === Number.POSITIVE_INFINITY ? found : found.filter(({ time }) => time <= until);
      if (inTime.length > 0) return inTime;
      const { parent }: AddressSpace = current;
      if (parent === undefined) break;
      until = Math.min(until, parent.time);
      const next = this.#byPid.get(parent.pid);
      current = next === undefined ? undefined : this.spaces[next];
    }
    return [];
  }

  #indexOf(space: AddressSpace): SpaceIndex {
    let index = this.#index.get(space);
    if (index === undefined) {
      index = new SpaceIndex(space.mappings);
      this.#index.set(space, index);
    }
    return index;
  }
}

/** How far back overlapping mappings are looked for: of a damaged file all may overlap. */
const MOST_STEPS = 4096;

/** Mappings by start, with the highest end so far: walking back may stop where nothing before can reach the address. */
class SpaceIndex {
  readonly #mappings: CodeMapping[];
  readonly #reach: Float64Array;

  constructor(mappings: readonly CodeMapping[]) {
    this.#mappings = [...mappings].sort((a, b) => a.start - b.start || a.time - b.time);
    this.#reach = new Float64Array(mappings.length);
    let reach = 0;
    for (const [index, { end }] of this.#mappings.entries()) {
      reach = Math.max(reach, end);
      this.#reach[index] = reach;
    }
  }

  at(address: number): CodeMapping[] {
    let low = 0;
    let high = this.#mappings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#mappings[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    const found: CodeMapping[] = [];
    for (let index = low - 1, steps = 0; index >= 0 && steps < MOST_STEPS; index--, steps++) {
      if (this.#reach[index]! <= address) break;
      if (this.#mappings[index]!.end > address) found.push(this.#mappings[index]!);
    }
    return found.sort((a, b) => a.time - b.time);
  }
}

/** Is this memory no file's, so that code in it was made while the program ran? */
export function isJitMapping(path: string): boolean {
  return (
    path === '' ||
    path.startsWith('//anon') ||
    path.startsWith('[anon') ||
    path === '[heap]' ||
    path.startsWith('/memfd:') ||
    path.startsWith('/dev/zero') ||
    /\/jit-\d+\.dump$/.test(path)
  );
}
