/** A frame as the target gave it, before source maps. Line and column 1-based, 0 unknown; '' is no script. */
export interface ErrorFrame {
  function: string;
  url: string;
  line: number;
  column: number;
  /** Waiting for this one (`await`), not calling it. */
  async?: true;
}

const FRAMES = 16;
const LINE_LENGTH = 1000;

/**
 * Frames of an error's `stack` text, innermost first, at most 16; those of holter and what is no frame are left out.
 * The format is V8's (https://v8.dev/docs/stack-trace-api); programs may write anything there, then few or none are found.
 *
 *     TypeError: Cannot read properties of undefined (reading 'id')
 *         at loadOrder (/srv/api/orders.js:41:20)
 *         at async Promise.all (index 0)
 *         at async file:///srv/api/server.mjs:12:3
 */
export function readErrorStack(stack: string, message = ''): ErrorFrame[] {
  // A message may hold lines that look like frames: it is cut off where it can be found.
  const header = message === '' ? -1 : stack.indexOf(message);
  const body = header === -1 ? stack : stack.slice(header + message.length);
  const frames: ErrorFrame[] = [];
  for (const line of body.split('\n', 200)) {
    if (frames.length >= FRAMES) break;
    const frame = readLine(line.slice(0, LINE_LENGTH));
    if (frame !== undefined && !frame.url.startsWith('holter:')) frames.push(frame);
  }
  return frames;
}

function readLine(text: string): ErrorFrame | undefined {
  const line = text.trim();
  if (!line.startsWith('at ')) return undefined;
  let rest = line.slice(3);
  const isAsync = rest.startsWith('async ');
  if (isAsync) rest = rest.slice(6);
  let name = '';
  const bracket = rest.endsWith(')') ? rest.indexOf(' (') : -1;
  if (bracket !== -1) {
    name = rest.slice(0, bracket);
    rest = rest.slice(bracket + 2, -1);
  }
  const found = /^(.{1,900}?):(\d{1,9})(?::(\d{1,9}))?$/.exec(rest);
  const url = found?.[1] ?? '';
  const isScript = found !== null && !url.startsWith('eval at ') && url !== '<anonymous>';
  if (bracket === -1 && !isScript) return undefined;
  return {
    // `Object.<anonymous>`, `Foo.bar [as baz]`: what V8's profiles call an anonymous function or `bar`.
    function: name
      .replace(/ \[as [^\]]{0,200}\]$/, '')
      .replace(/^new /, '')
      .replace(/^.*<anonymous>$/, ''),
    url: isScript ? url : '',
    line: isScript ? Number(found[2]) : 0,
    column: isScript ? Number(found[3] ?? 0) : 0,
    ...(isAsync ? { async: true as const } : {}),
  };
}
