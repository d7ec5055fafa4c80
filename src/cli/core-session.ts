import { HolterError } from '../base/errors.ts';
import { formatDuration } from '../base/quantity.ts';
import { cleanText, paint, wrap } from '../base/terminal-text.ts';
import { frameIndex } from '../postmortem/frame-choice.ts';
import type { Looked } from '../postmortem/live-v8.ts';
import type { StackReport, ThreadStack } from '../postmortem/stack-frame.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import { hotFrame } from '../render/stack-rows.ts';
import { type CoreOptions, chooseThread } from './core-options.ts';
import { type CoreVerb, type CoreWords, parseCoreWords, VERB_OPTIONS } from './core-words.ts';
import { interruptible } from './interruptible.ts';
import { parseCount, terminalStyle } from './options.ts';
import { print } from './outcome.ts';
import type { Subject } from './stack-image.ts';

const HELP: readonly [string, string][] = [
  ['bt [--all]', 'why it died, stack of the thread; bt 10: so many frames; --values --async --raw'],
  ['threads', 'all threads: what each was doing'],
  ['thread N', 'choose a thread by its tid, its place in threads (1 = first), or main, worker'],
  ['frame N', 'choose a frame: its source lines, receiver, arguments, variables'],
  ['up, down', 'the frame that called this one, the one it called'],
  ['inspect WHAT', 'a value: 3:req.url, 0x2f3ac1, req.url in the frame chosen; --depth --most --text'],
  ['3:req.url', 'the same: a path or an address alone'],
  ['source [WHAT]', 'text of the function of a frame, or by its address; --lines 20'],
  ['info [--env]', 'signal, versions, command line, memory, binaries'],
  ['handles', 'active handles and requests; --only handles, --only requests'],
  ['objects', 'objects of the heap by class; --filter Session --live --top 50'],
  ['instances FOO', "objects of a class; --where 'age > 50' --skip 20 --top 50"],
  ['refs 0x…', 'who refers to an object; --to-root how it is held, --retained what lives by it'],
  ['help', 'this list; help inspect: how values are named'],
  ['quit', 'leave (or Ctrl-D)'],
];

const PATHS = `  0x2f3ac1            an object by its address, as printed behind @
  req.url             argument or variable of the frame chosen, its property
  3:req.url           of frame 3
  login:req.url       of the innermost frame of a function
  3:this.#secret      receiver, private field
  3:arg0[2]["a key"]  argument by position (from 0), element, property or Map entry
  frame 3 arg 0 .url  the same in words
options: --depth 3 (levels), --most 20 (properties, elements), --text 500 (characters), --map, --source, --json
`;

/** Names that Tab offers; a scope may have hundreds. */
const MOST_NAMES = 200;

/** Questions to one core or process, typed line by line: knows which thread and frame were chosen. */
export class CoreSession {
  /** What is asked, with looks that Ctrl-C can end. */
  readonly subject: Subject;
  readonly #options: CoreOptions;
  /** The process stands still from line to line (always so of a core). */
  isStanding: () => boolean;
  #thread: number | undefined;
  #frame: number | undefined;
  /** Of the last line that read stacks. */
  #report: StackReport | undefined;
  /** With all arguments, of what does not move. */
  #whole: StackReport | undefined;
  /** How long the process stood for this line. */
  #pausedMs = 0;
  #signal: AbortSignal | undefined;

  /** @param isStanding is the process held? Asked anew each time */
  constructor(subject: Subject, options: CoreOptions, isStanding: () => boolean) {
    this.#options = options;
    this.isStanding = isStanding;
    this.subject = {
      ...subject,
      isPrompted: true,
      look: async <T>(read: (v8: V8Reader) => T | Promise<T>): Promise<Looked<T>> => {
        if (this.#signal?.aborted === true) throw new HolterError('E_INTERRUPTED', 'interrupted');
        const look = await subject.look((v8) => interruptible(() => read(v8)));
        this.#pausedMs += look.pausedMs ?? 0;
        this.#remember(look.result);
        return look;
      },
    };
  }

  /** Does one line and prints the answer; false = leave. @throws HolterError E_USAGE, E_INTERRUPTED, of the readers */
  async run(line: string, signal?: AbortSignal): Promise<boolean> {
    this.#signal = signal;
    this.#pausedMs = 0;
    try {
      const words = parseCoreWords(line);
      if (words === undefined) return true;
      if (words.verb === 'quit') return false;
      await this.#answer(words);
      await this.#tellPause(words);
      return true;
    } catch (error) {
      // Hints of readers are for the shell.
      if (error instanceof HolterError && error.hint?.includes('holter core ') === true)
        throw new HolterError(error.code, error.message, {
          hint: error.hint.replaceAll('holter core ', '').replace(/(\w+) --help/, 'help $1'),
          cause: error,
        });
      throw error;
    }
  }

  async #answer({ verb, rest, options }: CoreWords): Promise<void> {
    const { subject } = this;
    const text = (name: string): string | undefined =>
      typeof options[name] === 'string' ? options[name] : undefined;
    const common: CoreOptions = {
      ...this.#options,
      ...(options.json === true ? { json: true } : {}),
    };
    const thread = text('thread') ?? (this.#thread === undefined ? undefined : String(this.#thread));
    if (thread !== undefined) common.thread = thread;
    switch (verb) {
      case 'bt': {
        const view = {
          ...common,
          out: [],
          ...(text('frames') === undefined ? {} : { frames: text('frames') as string }),
        };
        for (const flag of ['all', 'values', 'async', 'raw'] as const)
          if (options[flag] === true) Object.assign(view, { [flag]: true });
        // Of a thread that was chosen all is shown, idle or not.
        if (options.all === true && options.thread === undefined) delete view.thread;
        else if (thread !== undefined) Object.assign(view, { all: true });
        await (await import('./core-bt.ts')).answerBacktrace(subject, view);
        return;
      }
      case 'threads':
        await (await import('./core-threads.ts')).answerThreads(subject, common);
        return;
      case 'thread':
        await this.#chooseThread(rest);
        await this.#answer({ verb: 'bt', rest: '', options });
        return;
      case 'frame':
      case 'up':
      case 'down':
        await this.#showFrame(verb, rest, { ...common, depth: text('depth') ?? '1' });
        return;
      case 'inspect': {
        const where = await this.#place(rest);
        const limits = {
          depth: text('depth') ?? '2',
          most: text('most') ?? '100',
          text: text('text') ?? '10000',
        };
        await (await import('./core-inspect.ts')).answerInspect(subject, where, {
          ...common,
          ...limits,
          ...(options.map === true ? { map: true } : {}),
        });
        if (options.source === true)
          await (await import('./core-source.ts')).answerSource(subject, where, common);
        return;
      }
      case 'source': {
        const lines = text('lines');
        // A name alone is a function's here, not a variable's.
        const where = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(rest) ? rest : await this.#place(rest);
        await (await import('./core-source.ts')).answerSource(subject, where, {
          ...common,
          ...(lines === undefined ? {} : { lines }),
        });
        return;
      }
      case 'info':
        await (await import('./core-info.ts')).answerInfo(subject, {
          ...common,
          ...(options.env === true ? { env: true } : {}),
          ...(options.secrets === true ? { secrets: true } : {}),
        });
        return;
      case 'handles': {
        const only = text('only');
        await (await import('./core-handles.ts')).answerHandles(subject, {
          ...common,
          ...(only === undefined ? {} : { only }),
        });
        return;
      }
      case 'objects':
        await (await import('./core-objects.ts')).answerObjects(subject, {
          ...common,
          isolate: text('isolate') ?? 'all',
          sort: text('sort') ?? 'bytes',
          top: text('top') ?? '30',
          ...(text('filter') === undefined ? {} : { filter: unquoted(text('filter') as string) }),
          ...(options.live === true ? { live: true } : {}),
          ...(options.engine === true ? { engine: true } : {}),
        });
        return;
      case 'instances':
        if (rest === '')
          throw new HolterError('E_USAGE', 'of which class?', { hint: 'instances NAME; objects lists them' });
        await (await import('./core-instances.ts')).answerInstances(subject, unquoted(rest), {
          ...common,
          isolate: text('isolate') ?? 'all',
          skip: text('skip') ?? '0',
          top: text('top') ?? '20',
          ...(text('where') === undefined ? {} : { where: unquoted(text('where') as string) }),
          ...(options.live === true ? { live: true } : {}),
        });
        return;
      case 'refs':
        if (rest === '')
          throw new HolterError('E_USAGE', 'to what?', {
            hint: 'refs 0x2f3ac1: an address as printed behind @',
          });
        await (await import('./core-refs.ts')).answerRefs(subject, rest, {
          ...common,
          top: text('top') ?? '20',
          ...(options['to-root'] === true ? { toRoot: true } : {}),
          ...(options.retained === true ? { retained: true } : {}),
        });
        return;
      case 'help':
        await print(this.#help(rest));
        return;
      case 'quit':
    }
  }

  #help(about: string): string {
    const style = terminalStyle(!this.#options.color);
    const verb = about.trim().toLowerCase();
    if (/^(inspect|i|p|print|path|source)$/.test(verb)) return PATHS;
    const width = Math.max(30, style.columns);
    const rows = HELP.flatMap(([name, text]) => {
      const [first = '', ...more] = wrap(text, width - 15);
      const head = paint(style, 'cmd', name.padEnd(15));
      return [`${head}${first}`, ...more.map((line) => `${' '.repeat(15)}${line}`)];
    });
    const isFixed = this.subject.kind === 'core' || this.isStanding();
    const notes = [
      ...(isFixed
        ? []
        : [
            'Each answer stops the process for some milliseconds; addresses of one may not hold in the next.',
          ]),
      "llnode's and gdb's words do, too: v8 bt, v8 i -m 0x…, bt all, f 3, t 2, p req.url",
    ];
    return `${[...rows, ...notes.flatMap((note) => ['', ...wrap(note, width)])].join('\n')}\n`;
  }

  /** What has no line for it of its own. */
  async #tellPause({ verb, options }: CoreWords): Promise<void> {
    const isTold = /^(bt|threads?|frame|up|down|objects|instances|help|quit)$/.test(verb);
    if (isTold || this.#pausedMs === 0 || options.json === true || this.#options.json === true) return;
    const style = terminalStyle(!this.#options.color);
    await print(`${paint(style, 'dim', `paused ${formatDuration(this.#pausedMs)}`)}\n`);
  }

  async #chooseThread(text: string): Promise<void> {
    const { threads } = await this.#stacks();
    if (text === '')
      throw new HolterError('E_USAGE', 'which thread?', { hint: 'thread N, by its number in threads' });
    const word = text.replace(/^#/, '');
    const number = /^[a-z]/.test(word) ? Number.NaN : parseCount(word, 'thread', { min: 0, max: 2 ** 31 });
    // The kernel's number first: in containers they are small, too.
    const thread = Number.isNaN(number)
      ? threads.find(({ role }) => role === word)
      : (threads.find(({ tid }) => tid === number) ?? threads[number - 1]);
    if (thread === undefined)
      throw new HolterError('E_USAGE', `there is no thread ${word}`, { hint: 'threads lists them' });
    this.#thread = thread.tid;
    this.#frame = undefined;
  }

  async #showFrame(
    verb: 'frame' | 'up' | 'down',
    rest: string,
    options: CoreOptions & { depth: string },
  ): Promise<void> {
    let index: number;
    if (verb === 'frame' && /^#?\d/.test(rest))
      index = parseCount(rest.replace(/^#/, ''), 'frame', { min: 0, max: 100_000 });
    else if (verb === 'frame' && rest !== '') {
      index = frameIndex(await this.#threadStack(), { kind: 'function', function: rest });
      // The answer says what there is.
      if (index < 0) return (await import('./core-frame.ts')).answerFrame(this.subject, rest, options);
    } else {
      const step = rest === '' ? 1 : parseCount(rest, verb, { min: 1, max: 100_000 });
      index = (await this.#frameIndex()) + (verb === 'up' ? step : verb === 'down' ? -step : 0);
      const { frames } = await this.#threadStack();
      if (index < 0) throw new HolterError('E_USAGE', 'this is the innermost frame');
      if (index >= frames.length) throw new HolterError('E_USAGE', 'this is the outermost frame');
    }
    await (await import('./core-frame.ts')).answerFrame(this.subject, String(index), options);
    this.#frame = index;
  }

  /** A path with its frame: the one chosen, where it names none. */
  async #place(text: string): Promise<string> {
    if (/^(?:@?0x[\da-f]|\d+\s*(?:$|[:.[]|\s)|frame\b|[^\s:[\]"']+:)/i.test(text)) return text;
    const frame = await this.#frameIndex();
    return text === '' ? String(frame) : `${frame}:${text}`;
  }

  /** The frame chosen; else the one that `bt` marks. */
  async #frameIndex(): Promise<number> {
    if (this.#frame !== undefined) return this.#frame;
    const { frames } = await this.#threadStack();
    return Math.max(0, hotFrame(frames, this.subject.cwd));
  }

  async #threadStack(): Promise<ThreadStack> {
    const report = await this.#stacks();
    return chooseThread(report, this.#thread === undefined ? undefined : String(this.#thread));
  }

  /** Stacks as the last answer had them; read now where there was none, or where reading costs the process nothing. */
  async #stacks(): Promise<StackReport> {
    const isFixed = this.subject.kind === 'core' || this.isStanding();
    const kept = isFixed ? this.#whole : this.#report;
    if (kept !== undefined) return kept;
    const [{ readStacks }, { buildStackReport }] = await Promise.all([
      import('../postmortem/read-stacks.ts'),
      import('../postmortem/stack-report.ts'),
    ]);
    const look = await this.subject.look((v8) => buildStackReport(v8, readStacks(v8, { values: true })));
    if (isFixed) this.#whole = look.result;
    return look.result;
  }

  /** Keeps the stacks that an answer was made of. */
  #remember(result: unknown): void {
    const report = isReport(result)
      ? result
      : isReport((result as { report?: unknown } | undefined)?.report)
        ? (result as { report: StackReport }).report
        : undefined;
    // Whoever shows it may leave out threads.
    if (report !== undefined) this.#report = { ...report, threads: [...report.threads] };
  }

  /** The process went on, or stopped: frames are others now. */
  forget(): void {
    this.#report = undefined;
    this.#whole = undefined;
    this.#frame = undefined;
  }

  /** What could be typed at the end of a line, and the part of it that is replaced. */
  async complete(line: string): Promise<[string[], string]> {
    const [, before = '', part = ''] = /^(.*?)(\S*)$/s.exec(line.replace(/^\s*v8\s+/, '')) ?? [];
    const first = before.trim().split(/\s+/)[0] ?? '';
    const starting = (names: Iterable<string>): [string[], string] => [
      [...new Set(names)].filter((name) => name.startsWith(part)).slice(0, MOST_NAMES),
      part,
    ];
    if (first === '' && !/[:.[]/.test(part))
      return starting(Object.keys(VERB_OPTIONS).map((verb) => `${verb} `));
    let verb: CoreVerb = 'inspect';
    try {
      verb = (first === '' ? undefined : parseCoreWords(`${first} 0`)?.verb) ?? 'inspect';
    } catch {
      return [[], part];
    }
    if (part.startsWith('--'))
      return starting(
        [...VERB_OPTIONS[verb].values, ...VERB_OPTIONS[verb].flags].map((name) => `--${name} `),
      );
    this.#signal = undefined;
    switch (verb) {
      case 'thread':
        return starting((await this.#stacks()).threads.map(({ tid }) => String(tid)));
      case 'frame':
        return starting((await this.#threadStack()).frames.map((_frame, index) => String(index)));
      case 'help':
        return starting(Object.keys(VERB_OPTIONS));
      case 'inspect':
      case 'source':
        return this.#completePath(part, starting);
      default:
        return [[], part];
    }
  }

  /** `3:re` → `3:req`; `3:req.` → its properties, where asking costs the process nothing. */
  async #completePath(
    part: string,
    starting: (names: Iterable<string>) => [string[], string],
  ): Promise<[string[], string]> {
    const [, root = '', path = ''] = /^((?:\d+|[\p{ID_Start}$_][^\s:.[\]"']*):)?(.*)$/su.exec(part) ?? [];
    const isFree = this.subject.kind === 'core' || this.isStanding();
    const thread = await this.#threadStack();
    const { frames } = thread;
    if (root === '' && /^\d+$/.test(part))
      return starting(frames.map((frame, index) => (frame.kind === 'js' ? `${index}:` : String(index))));
    if (!isFree) return [[], part];
    const word = root.slice(0, -1);
    const index =
      root === ''
        ? await this.#frameIndex()
        : /^\d/.test(word)
          ? Number(word)
          : frameIndex(thread, { kind: 'function', function: word });
    const frame = frames[index];
    const dot = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
    const [{ readAtPath, readFrameVariables }, { parseValuePath }] = await Promise.all([
      import('../postmortem/frame-variables.ts'),
      import('../postmortem/value-path.ts'),
    ]);
    const { result } = await this.subject.look((v8) => {
      if (dot < 0) {
        if (frame?.kind !== 'js') return [];
        const { named, outer } = readFrameVariables(v8, frame, 0);
        return [...named, ...outer].map(({ name }) => `${root}${name}`);
      }
      const base = part.slice(0, root.length + dot);
      const where = parseValuePath(/^0x/.test(base) ? base : `${index}:${base.slice(root.length)}`);
      const value = readAtPath(v8, where, frame?.kind === 'js' ? frame : undefined, {
        depth: 1,
        mostProperties: MOST_NAMES,
        mostElements: 20,
        mostText: 40,
      });
      if (value.type !== 'object') return [];
      return (value.properties ?? []).map(({ key }) => `${base}${keyText(cleanText(key))}`);
    });
    return starting(result);
  }
}

/** Words of a line keep their quotes. */
function unquoted(word: string): string {
  return /^(['"]).*\1$/s.test(word) ? word.slice(1, -1) : word;
}

function keyText(key: string): string {
  if (/^\d+$/.test(key)) return `[${key}]`;
  return /^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) || /^\[\[/.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
}

function isReport(value: unknown): value is StackReport {
  return (
    typeof value === 'object' &&
    value !== null &&
    Array.isArray((value as StackReport).threads) &&
    typeof (value as StackReport).nodeVersion === 'string'
  );
}
