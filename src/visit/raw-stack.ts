/**
 * Stacks as the target gave them, before source maps: they are kept like this in the recording, so that a better map
 * or a better classification can be applied later. Line and column 1-based, 0 unknown.
 */
export interface RawFrame {
  function: string;
  /** Script URL or path, `node:…` for core, '' unknown. */
  url: string;
  line: number;
  column: number;
  /** Waiting for this one (`await`), not calling it. */
  async?: true;
  values?: { name: string; value: string }[];
}

/** `block-stacks.json` */
export interface BlockStacksFile {
  schema: 'holter.block-stacks/1';
  stacks: { at: number; lateMs: number; asyncId: number; frames: RawFrame[] }[];
}

/** `stuck.json` */
export interface StuckFile {
  schema: 'holter.stuck/1';
  since: number;
  ms: number;
  probes: { microtask: boolean; nextTick: boolean; immediate: boolean };
  frames: RawFrame[];
  native?: {
    state: string;
    waitChannel: string;
    syscall: string;
    children: { pid: number; command: string }[];
    cpuPercent: number;
    file?: string;
  };
}

/** `external-allocations.json` */
export interface ExternalAllocationsFile {
  schema: 'holter.external-allocations/1';
  stacks: { bytes: number; count: number; aliveBytes: number; frames: RawFrame[] }[];
}

/** From the bridge's compact rows `[function, url, line, column, async]`. Anything malformed is dropped. */
export function readRawFrames(rows: unknown): RawFrame[] {
  if (!Array.isArray(rows)) return [];
  const frames: RawFrame[] = [];
  for (const row of rows as unknown[]) {
    if (!Array.isArray(row)) continue;
    const [name, url, line, column, isAsync] = row as unknown[];
    if (String(url).startsWith('holter:')) continue;
    frames.push({
      function: String(name ?? ''),
      url: String(url ?? ''),
      line: Number(line) || 0,
      column: Number(column) || 0,
      ...(isAsync === 1 ? { async: true as const } : {}),
    });
  }
  return frames;
}
