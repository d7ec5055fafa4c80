/** Keys by name; a printable character is itself. */
export type Key =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'page-up'
  | 'page-down'
  | 'home'
  | 'end'
  | 'enter'
  | 'escape'
  | 'backspace'
  | 'ctrl-c'
  | 'ctrl-d'
  | 'ctrl-l'
  | 'ctrl-z'
  | (string & {});

const CONTROL: Record<string, Key> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x03': 'ctrl-c',
  '\x04': 'ctrl-d',
  '\x0c': 'ctrl-l',
  '\x1a': 'ctrl-z',
  '\x7f': 'backspace',
  '\b': 'backspace',
};

/** ECMA-48 control sequences and the SS3 forms that terminals send in application mode. */
const SEQUENCES: Record<string, Key> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '4~': 'end',
  '5~': 'page-up',
  '6~': 'page-down',
  '7~': 'home',
  '8~': 'end',
};

const ESCAPE = '\x1b';
/** A sequence may come in two reads; an Escape that nothing follows for so long is the key. */
const ESCAPE_MS = 50;
/** What is pasted by mistake must not be taken for hours of keys. */
const MOST_PENDING = 64;

/** Turns what a terminal in raw mode sends into keys. */
export class KeyReader {
  readonly #onKey: (key: Key) => void;
  #pending = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(onKey: (key: Key) => void) {
    this.#onKey = onKey;
  }

  /** Takes bytes as they come, as Latin-1 or UTF-8 text. */
  take(text: string): void {
    clearTimeout(this.#timer);
    let rest = this.#pending + text;
    this.#pending = '';
    while (rest !== '') {
      const sequence = readSequence(rest);
      if (sequence === 'incomplete') {
        this.#pending = rest.slice(0, MOST_PENDING);
        this.#timer = setTimeout(() => {
          this.#pending = '';
          this.#onKey('escape');
        }, ESCAPE_MS);
        return;
      }
      rest = rest.slice(sequence.length);
      if (sequence.key !== undefined) this.#onKey(sequence.key);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

function readSequence(text: string): { length: number; key: Key | undefined } | 'incomplete' {
  const first = text[0]!;
  if (first !== ESCAPE) {
    const character = String.fromCodePoint(text.codePointAt(0)!);
    const key = CONTROL[character] ?? (character < ' ' ? undefined : character);
    return { length: character.length, key };
  }
  if (text.length === 1) return 'incomplete';
  if (text[1] !== '[' && text[1] !== 'O') return { length: 1, key: 'escape' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal sends
  const match = /^\x1b(?:\[([0-?]*)[ -/]*([@-~])|O([@-~]))/.exec(text);
  if (match === null) return text.length < MOST_PENDING ? 'incomplete' : { length: 1, key: 'escape' };
  const [all, parameters = '', final = '', short = ''] = match;
  // Modifiers (`1;5A`) are not told apart.
  const name = final === '~' ? `${parameters.split(';')[0]}~` : final || short;
  return { length: all.length, key: SEQUENCES[name] };
}
