import { setTimeout as sleep } from 'node:timers/promises';
import type { Style } from '../base/terminal-text.ts';
import { renderTopPageJson, renderTopTableJson } from '../render/top-json.ts';
import type { TopOrder } from '../render/top-model.ts';
import { pageSeconds, renderTopPage } from '../render/top-page.ts';
import { renderTopTable } from '../render/top-table.ts';
import { print } from './outcome.ts';
import type { PageSubject, TableSubject } from './top-subject.ts';

export interface StreamOptions {
  intervalMs: number;
  json: boolean;
  /** One picture and no more. */
  once: boolean;
  style: Style;
  order: TopOrder;
  signal: AbortSignal;
}

/** Pictures of all processes one after the other, for pipes, logs and terminals that cannot move a cursor. */
export async function streamTable(subject: TableSubject, options: StreamOptions): Promise<void> {
  const { signal, json, once, style, order } = options;
  subject.look();
  do {
    await pause(options.intervalMs, signal);
    if (signal.aborted) break;
    subject.look();
    const picture = subject.picture({ order });
    if (json) await print(renderTopTableJson(picture, new Date().toISOString()));
    else await printLines(renderTopTable(picture, style, Number.POSITIVE_INFINITY), once);
  } while (!once && !subject.isOver && !signal.aborted);
}

/** The same of one process, until it ends. */
export async function streamPage(subject: PageSubject, options: StreamOptions): Promise<void> {
  const { signal, json, once, style } = options;
  do {
    await pause(options.intervalMs, signal);
    if (signal.aborted) break;
    subject.look();
    const picture = subject.picture(pageSeconds(style.columns));
    if (json) await print(renderTopPageJson(picture, new Date().toISOString()));
    else await printLines(renderTopPage(picture, style, Number.POSITIVE_INFINITY), once);
  } while (!once && !subject.isEnded && !signal.aborted);
}

function printLines(lines: readonly string[], once: boolean): Promise<void> {
  return print(`${lines.map((line) => line.trimEnd()).join('\n')}\n${once ? '' : '\n'}`);
}

function pause(ms: number, signal: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal }).catch(() => {});
}
