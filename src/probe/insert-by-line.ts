import type { Session } from '../cdp/session.ts';

/** Functions that wait for their first call, by breakpoints whose condition puts the wrapper in and never stops. */
export interface LineInsertion {
  /** Functions no script has. */
  missing: string[];
  /** How many wait. */
  waiting: number;
  /** Takes out the breakpoints of functions that are in; ends the debugger when none is left. */
  settle(states: readonly { id: number; state: string }[]): Promise<void>;
  end(): Promise<void>;
}

interface Location {
  scriptId: string;
  lineNumber: number;
  columnNumber?: number;
}

interface Head {
  binding: string;
  /** Offset of the head and of its body's brace in the script. */
  start: number;
  body: number;
}

const HEAD =
  /(?:^|[\s;,({}=:])(?:async\s+)?(?:function\s*\*?\s*([A-Za-z_$][\w$]*)\s*\(|(?:static\s+|async\s+|\*\s*|#)*([A-Za-z_$][\w$]*)\s*\((?=[^()]*(?:\([^()]*\)[^()]*)*\)\s*\{)|(?:const|let|var)?\s*([A-Za-z_$][\w$.]*)\s*[=:]\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*=>|[A-Za-z_$][\w$]*\s*=>))/g;
const KEYWORDS = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'with',
  'return',
  'function',
  'super',
  'await',
  'typeof',
  'constructor',
]);
const MOST_SCRIPTS = 20;

/**
 * The scope injection of research/live-attach.md §6: a breakpoint in the function whose condition is evaluated in its
 * scope, replaces the binding (or the method on the prototype of `this`) and gives false, so nothing ever pauses.
 * The first call of a function puts its probe in; it counts from the second on.
 */
export async function insertByLine(
  session: Session,
  wanted: readonly { module: string; fn: string }[],
  holder: string,
): Promise<LineInsertion> {
  const scripts: { scriptId: string; url: string }[] = [];
  const offParsed = session.on(
    'Debugger.scriptParsed',
    ({ scriptId, url }) => void scripts.push({ scriptId, url }),
  );
  // A `debugger` statement of the program would pause it, now that a debugger listens.
  const offPaused = session.on('Debugger.paused', () => void session.send('Debugger.resume').catch(() => {}));
  await session.send('Holter.limitPauses' as never, { ms: 100 } as never).catch(() => {});
  await session.send('Debugger.enable', {}, { timeoutMs: 10_000 });
  const missing: string[] = [];
  const breakpoints = new Map<number, string>();
  /** One breakpoint a place, whoever waits there. */
  const places = new Map<string, { location: Location; ids: number[]; conditions: string[] }>();
  let next = 0;
  for (const { module, fn } of wanted) {
    const files = scripts
      .filter(({ url }) => url.replace(/^file:\/\//, '').endsWith(`/${module}`) || url === module)
      .slice(0, MOST_SCRIPTS);
    let placed = 0;
    for (const { scriptId } of files) {
      const { scriptSource } = await session.send('Debugger.getScriptSource', { scriptId });
      const head = findFunction(scriptSource, fn);
      if (head === undefined) continue;
      const at = positionOf(scriptSource, head.body + 1);
      const until = positionOf(scriptSource, Math.min(scriptSource.length, head.body + 4000));
      const { locations } = await session
        .send('Debugger.getPossibleBreakpoints', {
          start: { scriptId, ...at },
          end: { scriptId, ...until },
          restrictToFunction: true,
        })
        .catch(() => ({ locations: [] }));
      const location = locations[0];
      if (location === undefined) continue;
      const id = next++;
      const { binding } = head;
      const source = scriptSource.slice(head.start, head.start + 1000);
      await session.send('Runtime.evaluate', {
        expression: `${holder}?.expect(${JSON.stringify(module)}, ${JSON.stringify(fn)}, ${JSON.stringify({ id, binding, source })})`,
        silent: true,
      });
      const key = `${scriptId}:${location.lineNumber}:${location.columnNumber}`;
      const place = places.get(key) ?? { location, ids: [], conditions: [] };
      places.set(key, place);
      place.ids.push(id);
      place.conditions.push(
        `${holder}?.inject(${id}, () => ${binding}, (holterValue) => { ${binding} = holterValue; }, typeof this === 'undefined' ? undefined : this)`,
      );
      placed++;
    }
    if (placed === 0) missing.push(`js:${module}:${fn}`);
  }
  for (const { location, ids, conditions } of places.values()) {
    const { breakpointId } = await session.send('Debugger.setBreakpoint', {
      location,
      condition: `(${conditions.join(', ')}, false)`,
    });
    for (const id of ids) breakpoints.set(id, breakpointId);
  }
  let on = true;
  const end = async (): Promise<void> => {
    if (!on) return;
    on = false;
    offParsed();
    for (const breakpointId of new Set(breakpoints.values()))
      await session.send('Debugger.removeBreakpoint', { breakpointId }, { timeoutMs: 3000 }).catch(() => {});
    await session.send('Debugger.disable', undefined as never, { timeoutMs: 3000 }).catch(() => {});
    offPaused();
  };
  if (breakpoints.size === 0) await end();
  return {
    missing,
    waiting: breakpoints.size,
    async settle(states) {
      for (const { id, state } of states) {
        const breakpointId = breakpoints.get(id);
        if (state === 'waiting' || breakpointId === undefined) continue;
        breakpoints.delete(id);
        if ([...breakpoints.values()].includes(breakpointId)) continue;
        await session
          .send('Debugger.removeBreakpoint', { breakpointId }, { timeoutMs: 3000 })
          .catch(() => {});
      }
      if (breakpoints.size === 0) await end();
    },
    end,
  };
}

function positionOf(text: string, offset: number): { lineNumber: number; columnNumber: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { lineNumber: before.split('\n').length - 1, columnNumber: offset - start };
}

/** The function of that name (`total`, `Cart.total`), or the innermost one around that line, 1-based. */
export function findFunction(source: string, fn: string): Head | undefined {
  const heads: Head[] = [];
  for (const match of source.matchAll(HEAD)) {
    const binding = (match[1] ?? match[2] ?? match[3] ?? '').split('.').pop() ?? '';
    if (binding === '' || KEYWORDS.has(binding)) continue;
    const body = bodyOf(source, match.index + match[0].length);
    if (body !== -1) heads.push({ binding, start: match.index, body });
  }
  if (!/^\d+$/.test(fn)) {
    const name = fn.split('.').pop();
    return heads.find(({ binding }) => binding === name);
  }
  const rows = source.split('\n');
  const line = Number(fn);
  if (line < 1 || line > rows.length) return undefined;
  const lineStart = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
  const lineEnd = lineStart + (rows[line - 1] ?? '').length;
  const around = heads.filter(({ start, body }) => start < lineEnd && closeOf(source, body) >= lineStart);
  return around[around.length - 1];
}

/** The brace of the body, past parameters and the arrow; -1 for an expression body. */
function bodyOf(source: string, from: number): number {
  let deep = source[from - 1] === '(' ? 1 : 0;
  for (let at = from; at < Math.min(source.length, from + 2000); at++) {
    const c = source[at];
    if (c === '(' || c === '[') deep++;
    else if (c === ')' || c === ']') deep--;
    else if (c === '{' && deep <= 0) return at;
    else if (c === '{') deep++;
    else if (c === '}') deep--;
    else if (c === ';' && deep <= 0) return -1;
  }
  return -1;
}

/** The matching brace, strings and comments skipped as well as their first characters tell. */
function closeOf(source: string, open: number): number {
  let deep = 0;
  for (let at = open; at < source.length; at++) {
    const c = source[at];
    if (c === '"' || c === "'" || c === '`') {
      const line = source.indexOf('\n', at);
      for (at++; at < source.length && source[at] !== c; at++) {
        if (source[at] === '\\') at++;
        // A quote in a regular expression: a string does not go past its line.
        if (c !== '`' && at >= line && line !== -1) break;
      }
    } else if (c === '/' && source[at + 1] === '/') at = Math.max(at, source.indexOf('\n', at));
    else if (c === '/' && source[at + 1] === '*') at = Math.max(at, source.indexOf('*/', at));
    else if (c === '{') deep++;
    else if (c === '}' && --deep === 0) return at;
  }
  return source.length;
}
