/** One line of the kernel's trace. */
export interface TraceEvent {
  tid: number;
  /** Seconds of CLOCK_MONOTONIC. */
  time: number;
  name: string;
  /** What stands behind the name. */
  fields: string;
}

const LINE = /^\s*(.*)-(\d+)\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[\d+\]\s+(?:\S+\s+)?(\d+\.\d+): ([\w:]+): ?(.*)$/;
/** A name of a thread may hold anything; 16 bytes at most. */
const LONGEST = 2000;

/**
 * Takes the text of `trace_pipe` apart (Documentation/trace/ftrace.rst, "The File System"). Pieces may end anywhere. Lines of other
 * kinds (lost events, headers) are passed over.
 */
export class TraceLines {
  #rest = '';
  /** `CPU:1 [LOST 42 EVENTS]` */
  lost = 0;

  push(text: string, visit: (event: TraceEvent) => void): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST) this.#rest = '';
    for (const line of lines) {
      const parts = LINE.exec(line);
      if (parts === null) {
        this.lost += Number(/LOST (\d+) EVENTS/.exec(line)?.[1] ?? 0);
        continue;
      }
      visit({ tid: Number(parts[2]), time: Number(parts[3]), name: parts[4]!, fields: parts[5]! });
    }
  }
}
