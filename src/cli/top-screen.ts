import { writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { textWidth } from '../base/terminal-text.ts';
import { type Key, KeyReader } from './top-keys.ts';

/** xterm control sequences (XTerm Control Sequences, DECSET): alternate screen, cursor, automatic wrapping. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/**
 * The whole terminal: alternate screen, no cursor, keys one by one. Gives everything back on every way out, also when
 * holter fails or is told to go.
 */
export class TopScreen {
  readonly #out = process.stdout;
  readonly #in = process.stdin;
  readonly #keys: KeyReader;
  readonly #decoder = new StringDecoder('utf8');
  readonly #onData = (bytes: Buffer): void => this.#keys.take(this.#decoder.write(bytes));
  readonly #restore = (): void => this.#giveBack(true);
  #lines: string[] = [];
  #isOpen = false;

  /** @param onKey told every key while the screen or `readKeys` is on */
  constructor(onKey: (key: Key) => void) {
    this.#keys = new KeyReader(onKey);
    // `exit` is told also after an uncaught error, but its text would go to the alternate screen and be lost with it.
    process.on('uncaughtExceptionMonitor', this.#restore);
    process.on('exit', this.#restore);
  }

  get columns(): number {
    return Math.max(1, this.#out.columns || 80);
  }

  get rows(): number {
    return Math.max(1, this.#out.rows || 24);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Takes the terminal. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#lines = [];
    this.readKeys(true);
    this.#out.write(ENTER);
  }

  /** Gives the terminal back, as it was before `open`; `open` takes it again. */
  close(): void {
    this.#giveBack(false);
    this.readKeys(false);
  }

  /** Keys without the screen: for "any key goes back". */
  readKeys(on: boolean): void {
    if (this.#in.isTTY !== true) return;
    this.#in.off('data', this.#onData);
    try {
      this.#in.setRawMode(on);
    } catch {
      // The terminal is gone: its end is told by SIGHUP.
    }
    if (on) {
      this.#in.on('data', this.#onData);
      this.#in.resume();
    } else this.#in.pause();
  }

  /** Draws anew from an empty screen: after a change of size, or when others wrote on it. */
  forget(): void {
    this.#lines = [];
    if (this.#isOpen) this.#out.write('\x1b[2J');
  }

  /** Shows these lines from the top; only those that differ from what is there are written, all in one go. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    let text = '';
    const rows = Math.max(lines.length, this.#lines.length);
    for (let row = 0; row < rows && row < this.rows; row++) {
      const line = (lines[row] ?? '').trimEnd();
      if (line === this.#lines[row]) continue;
      // Erasing after a line that fills the row would take its last cell on some terminals.
      const erase = textWidth(line) < this.columns ? '\x1b[K' : '';
      text += `\x1b[${row + 1};1H${line}${erase}`;
    }
    this.#lines = lines.map((line) => line.trimEnd());
    if (text !== '') this.#out.write(text);
  }

  /** Nothing of it stays: neither listeners nor modes. */
  end(): void {
    this.close();
    this.#keys.close();
    process.off('uncaughtExceptionMonitor', this.#restore);
    process.off('exit', this.#restore);
  }

  #giveBack(now: boolean): void {
    if (now && this.#in.isTTY === true) {
      try {
        this.#in.setRawMode(false);
      } catch {
        // As above.
      }
    }
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // While the process ends nothing that is written the ordinary way may still arrive.
    if (!now) this.#out.write(LEAVE);
    else
      try {
        writeSync(1, LEAVE);
      } catch {
        // The terminal is gone.
      }
  }
}
