import { HolterError } from '../base/errors.ts';
import { nearestName } from '../heap/query-error.ts';

/** Verbs of the prompt of `core`, by what they answer. */
export type CoreVerb =
  | 'bt'
  | 'threads'
  | 'thread'
  | 'frame'
  | 'up'
  | 'down'
  | 'inspect'
  | 'source'
  | 'info'
  | 'handles'
  | 'objects'
  | 'instances'
  | 'refs'
  | 'help'
  | 'quit';

/** A line of the prompt, understood. */
export interface CoreWords {
  verb: CoreVerb;
  /** What stands between verb and options: `3:req.url`; '' none. */
  rest: string;
  /** `--depth 3` → depth: '3'; `--all` → all: true. */
  options: Record<string, string | true>;
}

/** Options with a value, and those without, of each verb. */
export const VERB_OPTIONS: Readonly<Record<CoreVerb, { values: string[]; flags: string[] }>> = {
  bt: { values: ['frames', 'thread'], flags: ['all', 'values', 'async', 'raw', 'json'] },
  threads: { values: [], flags: ['json'] },
  thread: { values: [], flags: ['json'] },
  frame: { values: ['depth', 'thread'], flags: ['json'] },
  up: { values: [], flags: ['json'] },
  down: { values: [], flags: ['json'] },
  inspect: { values: ['depth', 'most', 'text', 'thread'], flags: ['json', 'map', 'source'] },
  source: { values: ['lines', 'thread'], flags: ['json'] },
  info: { values: [], flags: ['env', 'secrets', 'json'] },
  handles: { values: ['only'], flags: ['json'] },
  objects: { values: ['isolate', 'sort', 'filter', 'top'], flags: ['live', 'engine', 'json'] },
  instances: { values: ['where', 'skip', 'top', 'isolate'], flags: ['live', 'json'] },
  refs: { values: ['top'], flags: ['to-root', 'retained', 'json'] },
  help: { values: [], flags: [] },
  quit: { values: [], flags: [] },
};

/** Other names of verbs: gdb's, lldb's, llnode's. */
const ALIASES: Readonly<Record<string, CoreVerb>> = {
  backtrace: 'bt',
  where: 'bt',
  t: 'thread',
  f: 'frame',
  i: 'inspect',
  p: 'inspect',
  print: 'inspect',
  l: 'source',
  list: 'source',
  nodeinfo: 'info',
  getactivehandles: 'handles',
  getactiverequests: 'handles',
  requests: 'handles',
  findjsobjects: 'objects',
  findjsinstances: 'instances',
  findrefs: 'refs',
  h: 'help',
  '?': 'help',
  q: 'quit',
  exit: 'quit',
  '.exit': 'quit',
};

const WHOLE_TEXT = '100000000';

/** Short options of llnode's `inspect` and `source list`, in ours. */
const SHORT: Readonly<Record<string, [name: string, value: 'own' | string | true]>> = {
  '-F': ['text', WHOLE_TEXT],
  '-m': ['map', true],
  '-s': ['source', true],
  '-l': ['most', 'own'],
  '-n': ['most', 'own'],
  '-v': ['', true],
  '-d': ['', true],
};

const LONGEST_LINE = 10_000;

/**
 * Reads a line of the prompt: holter's own words, gdb's and lldb's short ones (`bt all`, `t 2`, `f 3`), llnode's (`v8 bt`,
 * `v8 i -m 0x…`). A path or an address alone is `inspect`. Undefined for an empty line.
 * @throws HolterError E_USAGE: no such command or option
 */
export function parseCoreWords(line: string): CoreWords | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  if (text.length > LONGEST_LINE) throw new HolterError('E_USAGE', 'the line is too long');
  const isLlnode = /^(?:v8|jsstack|findjs\w*)\b/.test(text);
  const plain = text
    .replace(/^v8(?:\s+|$)/, '')
    .replace(/^jsstack\b/, 'bt')
    .replace(/^thread\s+list\b/, 'threads')
    .replace(/^(thread|frame)\s+select\b/, '$1')
    .replace(/^frame\s+(?:info|variable)\b/, 'frame')
    .replace(/^thread\s+backtrace\b/, 'bt')
    .replace(/^source\s+list\b/, 'source')
    .replace(/^bt\s+all\b/, 'bt --all')
    .replace(/^bt\s+(\d+)\b/, 'bt --frames $1');
  if (plain === '') return { verb: 'help', rest: '', options: {} };
  if (/^(?:@?0x[\da-f]+|\d+\s*[:.[]|\d+$)/i.test(plain)) return withOptions('inspect', plain, isLlnode);
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(plain) ?? [];
  const name = word.toLowerCase();
  const verb = Object.hasOwn(ALIASES, name) ? ALIASES[name] : (name as CoreVerb);
  if (verb !== undefined && Object.hasOwn(VERB_OPTIONS, verb)) {
    // `frame 3 arg 0 .url` is a path in words.
    if (verb === 'frame' && /^\d+\s+[^-\s]/.test(rest))
      return withOptions('inspect', `frame ${rest}`, isLlnode);
    const words = withOptions(verb, rest, isLlnode);
    if (name === 'getactivehandles') words.options.only = 'handles';
    if (name === 'getactiverequests' || name === 'requests') words.options.only = 'requests';
    return words;
  }
  // A name of the frame at hand, `req.url`, or of a function's, `login:req`.
  if (/^[\p{ID_Start}$_#][\p{ID_Continue}$]*\s*[.[:]/u.test(plain))
    return withOptions('inspect', plain, isLlnode);
  const near = nearestName(name, Object.keys(VERB_OPTIONS));
  throw new HolterError('E_USAGE', `there is no command ${JSON.stringify(word.slice(0, 40))}`, {
    hint: near === undefined ? 'help lists them' : `did you mean ${near}? help lists all`,
  });
}

/** Words of a line; what stands in quotes is one: `["a --key"]`. */
function splitWords(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S)+/g) ?? [];
}

function withOptions(verb: CoreVerb, text: string, isLlnode: boolean): CoreWords {
  const words = splitWords(text);
  const known = VERB_OPTIONS[verb];
  const options: CoreWords['options'] = {};
  const rest: string[] = [];
  const valueAfter = (index: number, word: string): string => {
    const value = words[index];
    if (value === undefined || value.startsWith('--'))
      throw new HolterError('E_USAGE', `${word} needs a value`, { hint: `${word} 3` });
    return value;
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (/^--[a-z]/.test(word)) {
      const [, name = '', , given] = /^--([a-z-]+)(=(.*))?$/s.exec(word) ?? [];
      const llnode = isLlnode ? LONG[name] : undefined;
      const own = llnode ?? name;
      if (llnode !== undefined && name === 'full-string') options.text = WHOLE_TEXT;
      else if (known.values.includes(own)) options[own] = given ?? valueAfter(++i, word);
      else if (known.flags.includes(own)) options[own] = true;
      else {
        const all = [...known.values, ...known.flags];
        throw new HolterError('E_USAGE', `${verb} has no option ${word.slice(0, 40)}`, {
          hint: all.length === 0 ? `${verb} has none` : `it has ${all.map((one) => `--${one}`).join(' ')}`,
        });
      }
      continue;
    }
    const short = isLlnode && Object.hasOwn(SHORT, word) ? SHORT[word] : undefined;
    if (short === undefined) {
      rest.push(word);
      continue;
    }
    const [name, value] = short;
    const given = value === 'own' ? valueAfter(++i, word) : value;
    const own = verb === 'source' && name === 'most' ? 'lines' : name;
    if (known.values.includes(own) || known.flags.includes(own)) options[own] = given;
  }
  return { verb, rest: rest.join(' '), options };
}

/** Long options of llnode's `inspect`. */
const LONG: Readonly<Record<string, string>> = {
  'print-map': 'map',
  'print-source': 'source',
  length: 'most',
  'array-length': 'most',
  'full-string': 'text',
};
