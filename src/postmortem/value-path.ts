import { HolterError } from '../base/errors.ts';

/**
 * Where `core inspect` shall look: an object by address, or what a frame holds, and a way from there.
 *
 *     0x2f3ac1                an object
 *     0x2f3ac1.socket         its property
 *     3                       receiver, arguments and variables of frame 3
 *     3:req.url               an argument or variable of frame 3 by name, its property
 *     3:this.#secret          receiver, private field
 *     3:arg0[2]["a key"]      argument by position (0-based), element, property or Map entry
 *     3:job.[[PromiseResult]] what the engine keeps
 *     frame 3 arg 0 .url      the same as 3:arg0.url
 *     login:req.url           of the innermost frame of a function: numbers change from look to look of a live process
 */
export interface ValuePath {
  root:
    | { kind: 'address'; address: number }
    | { kind: 'frame'; frame: number }
    | { kind: 'function'; function: string };
  /** Names in order; of a frame the first is an argument, variable, `this` or `arg<n>`. */
  keys: string[];
  /** As written by the user, tidied. */
  text: string;
}

const HINT = 'an address (0x2f3ac1), or frame:name.property (0:req.url), see holter core inspect --help';
/** Longer is no path that anybody typed. */
const LONGEST = 2000;

/** @throws HolterError E_USAGE */
export function parseValuePath(text: string): ValuePath {
  const words = text.trim();
  const refuse = (why: string): HolterError =>
    new HolterError('E_USAGE', `cannot read ${JSON.stringify(words.slice(0, 80))}: ${why}`, { hint: HINT });
  if (words === '' || words.length > LONGEST) throw refuse('empty or too long');
  const tidy = words
    .replace(/^frame\s+(\d+)\s*/i, '$1:')
    .replace(/^(\d+:)\s*arg(?:ument)?\s+(\d+)/i, '$1arg$2')
    .replace(/^(\d+:?)\s+(?=[^.[])/, (_all, frame: string) => (frame.endsWith(':') ? frame : `${frame}:`))
    .replace(/\s+(?=[.[])/g, '')
    .replace(/^(\d+):$/, '$1');
  const address = /^@?(0x[\da-f]+)/i.exec(tidy);
  if (address !== null) {
    const value = Number(address[1]);
    if (!(value > 0 && value < 2 ** 48)) throw refuse('no address of a process');
    return {
      root: { kind: 'address', address: value },
      keys: parseKeys(tidy.slice(address[0].length), refuse),
      text: tidy,
    };
  }
  const named = /^([\p{ID_Start}$_(][^:[\]"']*):/u.exec(tidy);
  if (named !== null) {
    const rest = tidy.slice(named[0].length).trim();
    return {
      root: { kind: 'function', function: named[1]!.trim() },
      keys: parseKeys(rest === '' || /^[.[]/.test(rest) ? rest : `.${rest}`, refuse),
      text: tidy,
    };
  }
  const frame = /^(\d{1,5})(?::|$|(?=[.[]))/.exec(tidy);
  if (frame === null)
    throw refuse('it begins neither with an address nor with a frame (0:req) or function (login:req)');
  const rest = tidy.slice(frame[0].length);
  const lead = rest === '' || /^[.[]/.test(rest) ? rest : `.${rest}`;
  return {
    root: { kind: 'frame', frame: Number(frame[1]) },
    keys: parseKeys(lead, refuse),
    text: tidy,
  };
}

const STEPS = [
  /^\.?(\[\[[A-Za-z]+\]\])/u,
  /^\.?\[(\d+)\]/u,
  /^\.?\[\s*"((?:[^"\\]|\\.)*)"\s*\]/u,
  /^\.?\[\s*'((?:[^'\\]|\\.)*)'\s*\]/u,
  /^\.(#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)/u,
  /^\.(\d+)/u,
];

function parseKeys(text: string, refuse: (why: string) => HolterError): string[] {
  const keys: string[] = [];
  let rest = text;
  while (rest !== '') {
    const found = STEPS.map((step) => step.exec(rest)).find((match) => match !== null);
    if (found === undefined || found === null)
      throw refuse(`${JSON.stringify(rest.slice(0, 40))} is no property`);
    keys.push(found[1]!.replace(/\\(.)/g, '$1'));
    rest = rest.slice(found[0].length);
  }
  return keys;
}
