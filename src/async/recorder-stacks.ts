/** Reads and numbers stacks inside the target; sent as text, so nothing of this module's scope may be used. */
export interface StackReader {
  /** Number of the current stack, −1 when it cannot be kept. Frames of ours and of Node's hooks are left out. */
  read(): number;
  /** Stacks that were new since the last call. */
  takeNew(): [string, string, number, number, number][][];
}

/**
 * 12 frames, raw: function, script, line, column (1-based), 1 for one that waits (`await`). Of frames of Node in a row
 * only the innermost and the outermost are kept: `fetch` alone has a dozen between the program and its request. Equal
 * stacks have one number. At most 3000 different ones are kept.
 */
export function makeStackReader(): StackReader {
  const FRAMES = 12;
  /** Looked at, ours and Node's among them. */
  const DEPTH = 48;
  const LIMIT = 3000;
  const numbers = new Map<string, number>();
  let fresh: [string, string, number, number, number][][] = [];
  type Site = NodeJS.CallSite & { isAsync?(): boolean; getScriptNameOrSourceURL?(): string };
  const prepare = (_error: Error, sites: NodeJS.CallSite[]): unknown => {
    const frames: [string, string, number, number, number][] = [];
    const keep = (site: Site, url: string): void => {
      frames.push([
        site.getFunctionName() ?? '',
        url,
        site.getLineNumber() ?? 0,
        site.getColumnNumber() ?? 0,
        site.isAsync?.() === true ? 1 : 0,
      ]);
    };
    let core: Site | undefined;
    let coreUrl = '';
    let run = 0;
    for (let index = 0; index < sites.length && frames.length < FRAMES; index++) {
      const site = sites[index] as Site;
      // Scripts without a file, ours among them, have only the name they gave themselves.
      const url = site.getFileName() || site.getScriptNameOrSourceURL?.() || '';
      if (
        url.startsWith('holter:') ||
        url === 'node:internal/async_hooks' ||
        url === 'node:internal/promise_hooks' ||
        url === 'node:diagnostics_channel'
      )
        continue;
      if (url.startsWith('node:')) {
        if (run++ === 0) keep(site, url);
        else {
          core = site;
          coreUrl = url;
        }
        continue;
      }
      // Built-in functions (`new Promise`, `Array.map`) do not part Node's frames.
      if (url === '' && run > 0) continue;
      if (core !== undefined) keep(core, coreUrl);
      core = undefined;
      run = 0;
      if (frames.length < FRAMES) keep(site, url);
    }
    if (core !== undefined && frames.length < FRAMES) keep(core, coreUrl);
    return frames;
  };
  return {
    read() {
      const { stackTraceLimit, prepareStackTrace } = Error;
      let frames: unknown;
      try {
        Error.stackTraceLimit = DEPTH;
        Error.prepareStackTrace = prepare;
        const holder: { stack?: unknown } = {};
        Error.captureStackTrace(holder);
        // V8 formats when `stack` is read: it must happen before the program's own formatter is back.
        frames = holder.stack;
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
        // Assigning undefined would leave a property that was not there before.
        if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
        else Error.prepareStackTrace = prepareStackTrace;
      }
      if (!Array.isArray(frames)) return -1;
      let key = '';
      for (const frame of frames as [string, string, number, number, number][])
        key += `${frame[0]}\n${frame[1]}:${frame[2]}:${frame[3]}\n`;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      if (numbers.size >= LIMIT) return -1;
      const number = numbers.size;
      numbers.set(key, number);
      fresh.push(frames as [string, string, number, number, number][]);
      return number;
    },
    takeNew() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  };
}
