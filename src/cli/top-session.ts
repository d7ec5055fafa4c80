import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Style } from '../base/terminal-text.ts';
import { renderTopHelp } from '../render/top-help.ts';
import { sortRows, TOP_ORDERS, type TopOrder, type TopPage, type TopTable } from '../render/top-model.ts';
import { pageSeconds, renderTopPage } from '../render/top-page.ts';
import { renderTopTable } from '../render/top-table.ts';
import { resolveTarget } from '../target/resolve.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';
import { leaveLine } from './top.ts';
import type { Key } from './top-keys.ts';
import { TopScreen } from './top-screen.ts';
import { PageSubject, TableSubject } from './top-subject.ts';

export interface SessionOptions {
  intervalMs: number;
  order: TopOrder;
  noColor: boolean;
  isOutside: boolean;
  /** Pids of the table; absent: all Node processes. */
  only?: readonly number[];
}

/** What the keys start, with the words of a command line. */
const COMMANDS: Record<string, (word: string) => string[]> = {
  s: (word) => ['stack', word],
  p: (word) => ['cpu', word, '-d', '10s'],
  d: (word) => ['doctor', word],
  h: (word) => ['heap', 'snapshot', word],
};
const TRY_AGAIN_MS = 10_000;
/** A message that is of no use later stays so long. */
const SHOWN_MS = 4000;
/** Enough for the shell to have taken the terminal, when it takes it. */
const STOPPED_MS = 50;

/** One run of `holter top` on a terminal: what is shown, and what the keys do. */
export class TopSession {
  readonly #options: SessionOptions;
  readonly #screen: TopScreen;
  #table: TableSubject | undefined;
  #page: PageSubject | undefined;
  #order: TopOrder;
  #selected: number | undefined;
  #isHelp = false;
  #isPaused = false;
  /** The picture that stays while it is paused. */
  #held: { table?: TopTable; page?: TopPage } = {};
  /** Another command has the terminal. */
  #isAway = false;
  #waitsForKey: (() => void) | undefined;
  #child: ReturnType<typeof spawn> | undefined;
  #tryAt = 0;
  #leaving: Promise<void>[] = [];
  readonly #left: PageSubject[] = [];
  #finish: () => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#order = options.order;
    this.#screen = new TopScreen((key) => this.#onKey(key));
  }

  /** Shows the page of `target`, or the table, until the user leaves. */
  async run(target: VisitTarget | undefined): Promise<ExitCode> {
    const finished = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const stop = (): void => this.#stop();
    const interrupt = (): void => {
      // Ctrl-C of a command that has the terminal is meant for it.
      if (!this.#isAway) this.#stop();
    };
    const resize = (): void => {
      this.#screen.forget();
      this.#draw();
    };
    const resume = (): void => {
      if (this.#isAway) return;
      this.#screen.open();
      resize();
    };
    const suspend = (): void => void this.#suspend();
    process.on('SIGINT', interrupt).on('SIGTERM', stop).on('SIGHUP', stop);
    process.on('SIGCONT', resume).on('SIGTSTP', suspend);
    process.stdout.on('resize', resize);
    process.stdin.on('end', stop);
    const timer = setInterval(() => this.#tick(), this.#options.intervalMs);
    try {
      if (target === undefined) this.#openTable();
      else this.#openPage(target);
      this.#screen.open();
      this.#draw();
      await finished;
    } finally {
      clearInterval(timer);
      this.#screen.end();
      process.stdout.off('resize', resize);
      process.stdin.off('end', stop);
      await this.#closePage();
      await Promise.all(this.#leaving);
      this.#table?.close();
      process.off('SIGINT', interrupt).off('SIGTERM', stop).off('SIGHUP', stop);
      process.off('SIGCONT', resume).off('SIGTSTP', suspend);
      process.stdin.pause();
    }
    for (const page of this.#left) await print(`${leaveLine(page)}\n`);
    return 0;
  }

  #stop(): void {
    if (this.#child?.exitCode === null) this.#child.kill('SIGTERM');
    this.#waitsForKey?.();
    this.#finish();
  }

  #style(): Style {
    return { ...terminalStyle(this.#options.noColor), columns: this.#screen.columns };
  }

  #openTable(): void {
    if (this.#table === undefined) {
      this.#table = new TableSubject(this.#options.only);
      this.#table.look();
      // A second look soon: the first one has no CPU to show.
      setTimeout(() => this.#tick(), 250).unref();
    }
  }

  #openPage(target: VisitTarget): void {
    this.#page = new PageSubject(target);
    if (target.kind === 'process') this.#selected = target.pid;
    this.#left.push(this.#page);
    this.#isHelp = false;
    this.#hold(false);
    this.#enter();
  }

  #enter(): void {
    const page = this.#page;
    if (page === undefined) return;
    if (this.#options.isOutside) void page.visit.leave('--outside');
    else
      void page.visit.enter().then(() => {
        if (this.#page === page) this.#draw();
      });
  }

  async #closePage(): Promise<void> {
    const page = this.#page;
    this.#page = undefined;
    if (page === undefined) return;
    const closing = page.visit.close();
    this.#leaving.push(closing);
    await closing;
  }

  #tick(): void {
    this.#table?.look();
    this.#page?.look();
    this.#tryAgain();
    if (!this.#isAway) this.#draw();
  }

  /** Another process had the inspector's port: such a visit takes seconds. */
  #tryAgain(): void {
    const visit = this.#page?.visit;
    if (visit === undefined || this.#isAway || this.#options.isOutside) return;
    if (visit.inside.kind !== 'none' || visit.inside.mayPass !== true) return;
    if (performance.now() < this.#tryAt) return;
    this.#tryAt = performance.now() + TRY_AGAIN_MS;
    this.#enter();
  }

  #hold(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#held = {};
  }

  #draw(): void {
    if (!this.#screen.isOpen) return;
    const style = this.#style();
    const height = this.#screen.rows;
    if (this.#isHelp) {
      this.#screen.draw(renderTopHelp(this.#page === undefined ? 'table' : 'page', style, height));
      return;
    }
    if (this.#page !== undefined) {
      const taken = this.#held.page ?? this.#page.picture(pageSeconds(style.columns), this.#isPaused);
      if (this.#isPaused) this.#held.page = taken;
      this.#screen.draw(renderTopPage(taken, style, height));
      return;
    }
    if (this.#table === undefined) return;
    this.#mark();
    const taken = this.#held.table ?? this.#table.picture({ order: this.#order, isPaused: this.#isPaused });
    if (this.#isPaused) this.#held.table = taken;
    // The mark moves and the order changes on a picture that stands, too.
    this.#screen.draw(
      renderTopTable({ ...taken, order: this.#order, selected: this.#selected }, style, height),
    );
  }

  /** Some row is always marked, as long as there is one. */
  #mark(): void {
    const rows = sortRows(this.#held.table?.rows ?? this.#table?.rows ?? [], this.#order);
    // The first look has no CPU: what leads by then does not lead for long.
    if (rows.some(({ pid }) => pid === this.#selected)) return;
    if (this.#order === 'cpu' && !rows.some(({ cpuPercent }) => Number.isFinite(cpuPercent))) return;
    this.#selected = rows.find(({ endedMs }) => endedMs === undefined)?.pid;
  }

  #move(by: number): void {
    const rows = sortRows(this.#held.table?.rows ?? this.#table?.rows ?? [], this.#order);
    const at = rows.findIndex(({ pid }) => pid === this.#selected);
    this.#selected = rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.pid;
  }

  #onKey(key: Key): void {
    if (this.#waitsForKey !== undefined) {
      const go = this.#waitsForKey;
      this.#waitsForKey = undefined;
      if (key === 'ctrl-c' || key === 'q') this.#finish();
      go();
      return;
    }
    if (this.#isAway) return;
    if (key === 'ctrl-c' || key === 'q' || key === 'ctrl-d') {
      this.#finish();
      return;
    }
    if (key === 'ctrl-z') {
      void this.#suspend();
      return;
    }
    if (key === 'ctrl-l') this.#screen.forget();
    else if (this.#isHelp) this.#isHelp = false;
    else if (key === '?') this.#isHelp = true;
    else if (key === ' ') this.#hold(!this.#isPaused);
    else if (COMMANDS[key] !== undefined) void this.#command(COMMANDS[key]);
    else if (this.#page !== undefined) this.#onPageKey(key);
    else this.#onTableKey(key);
    this.#draw();
  }

  #onTableKey(key: Key): void {
    const page = Math.max(1, this.#screen.rows - 4);
    const steps: Record<string, number> = {
      up: -1,
      k: -1,
      down: 1,
      j: 1,
      'page-up': -page,
      'page-down': page,
      home: -1e9,
      end: 1e9,
    };
    const step = steps[key];
    if (step !== undefined) this.#move(step);
    else if (key === 'o')
      this.#order = TOP_ORDERS[(TOP_ORDERS.indexOf(this.#order) + 1) % TOP_ORDERS.length]!;
    else if (key === 'enter' || key === 'right') void this.#openSelected();
  }

  async #openSelected(): Promise<void> {
    const pid = this.#selected;
    if (pid === undefined) return;
    // Ended meanwhile, or another user's: the table goes on.
    const target = await resolveTarget(String(pid)).catch(() => undefined);
    if (target === undefined || this.#page !== undefined) return;
    this.#openPage(target);
    this.#screen.forget();
    this.#draw();
  }

  #onPageKey(key: Key): void {
    if (key === 'escape' || key === 'left' || key === 'backspace') {
      void this.#closePage();
      this.#openTable();
      this.#hold(false);
      this.#screen.forget();
    } else if (key === 'f') void this.#findHottest();
    else if (key === 'i') void this.#enterAgain();
  }

  /** After another visit has taken our place, or when what kept us out is over. */
  async #enterAgain(): Promise<void> {
    const page = this.#page;
    if (page === undefined || page.visit.inside.kind === 'inside' || page.visit.inside.kind === 'attaching')
      return;
    await page.visit.leave();
    if (this.#page === page) this.#enter();
  }

  async #findHottest(): Promise<void> {
    const page = this.#page;
    if (page === undefined || page.doing !== '' || page.isEnded) return;
    page.doing = 'profiling for 1 s';
    const isTaken = await page.hottest.take();
    page.doing = isTaken ? '' : 'no profile: it is not seen from inside, or does not answer (s: stack)';
    this.#draw();
    if (isTaken) return;
    await sleep(SHOWN_MS);
    page.doing = '';
  }

  /** Gives the terminal to another command of holter; its answer stays in the terminal's memory when we are gone. */
  async #command(build: (word: string) => string[]): Promise<void> {
    const page = this.#page;
    const word = page?.word ?? (this.#selected === undefined ? undefined : String(this.#selected));
    if (word === undefined || page?.isEnded === true) return;
    this.#isAway = true;
    const words = [...build(word), ...(this.#options.noColor ? ['--no-color'] : [])];
    // Two visits cannot be inside at once.
    await page?.visit.leave();
    this.#screen.close();
    await print(`\n$ holter ${words.join(' ')}\n`);
    await new Promise<void>((resolve) => {
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...words], {
        stdio: 'inherit',
      });
      this.#child = child;
      child.on('exit', () => resolve());
      child.on('error', () => resolve());
    });
    const pressed = new Promise<void>((resolve) => {
      this.#waitsForKey = resolve;
    });
    this.#screen.readKeys(true);
    await print('\nany key: back to holter top\n');
    await pressed;
    this.#isAway = false;
    this.#screen.open();
    this.#screen.forget();
    this.#enter();
    this.#draw();
  }

  /** Ctrl-Z: the target is left clean while nobody looks, and the shell gets its terminal back. */
  async #suspend(): Promise<void> {
    if (this.#isAway) return;
    this.#isAway = true;
    const page = this.#page;
    await page?.visit.leave('holter was stopped');
    this.#screen.close();
    const listeners = process.listeners('SIGTSTP');
    process.removeAllListeners('SIGTSTP');
    // The whole job, as the terminal itself would do. Where no shell waits for us the kernel does not stop anybody.
    process.kill(0, 'SIGTSTP');
    await sleep(STOPPED_MS);
    for (const listener of listeners) process.on('SIGTSTP', listener as NodeJS.SignalsListener);
    this.#isAway = false;
    this.#screen.open();
    this.#screen.forget();
    this.#enter();
    this.#draw();
  }
}
