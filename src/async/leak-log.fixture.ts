import type { LeakListeners, LeakLog } from './leak-log.ts';
import { buildSiteBook, type SiteBook } from './site-book.ts';

/** What a test draws of a leak log of ten seconds; what is left out is level or absent. */
export interface LeakDrawing {
  /** Node's count of a resource: digits and letters times `scale`, spread over the window. */
  resources?: Record<string, string>;
  descriptors?: Record<string, string>;
  files?: [string, number, number][];
  limit?: number;
  /** Requests begun that have no answer, from a third of the window on. */
  unanswered?: string;
  scale?: number;
  made?: MadeDrawing[];
  listeners?: (Omit<LeakListeners, 'counts' | 'added' | 'kind'> & {
    kind?: LeakListeners['kind'];
    counts: string;
    stack: string[];
    added: number;
  })[];
  collected?: boolean;
}

/** Creations of one line, spread evenly over the time from 3.5 to 10 s. */
export interface MadeDrawing {
  type: string;
  /** Innermost first: `track@/srv/api/session.js:12`. */
  stack: string[];
  count: number;
  /** Alive at the end when so many ms old at most; default: all. */
  lives?: number;
  /** Of those that are older, the share that is alive all the same; default 0. */
  stays?: number;
  detail?: number;
  flags?: number;
  /** Made from another promise. */
  waits?: boolean;
}

const SECONDS = 10;
const LOOKS = 40;
const ARMED_MS = 3500;

/** Evidence of a leak recorder, as drawn. */
export function drawLeaks(drawing: LeakDrawing): { log: LeakLog; book: SiteBook } {
  const times = Array.from(
    { length: LOOKS },
    (_, index) => 100 + (index * (SECONDS * 1000 - 200)) / (LOOKS - 1),
  );
  const scale = drawing.scale ?? 10;
  const spread = (cells: string): number[] =>
    times.map((_, index) => Number.parseInt(cells[Math.floor((index * cells.length) / LOOKS)]!, 36) * scale);
  const stacks: number[][] = [];
  const frames: LeakLog['frames'] = [];
  const stackOf = (cells: readonly string[]): number => {
    stacks.push(
      cells.map((cell) => {
        const [, name = '', url = '', line = '0'] = /^([^@]*)@(.*?)(?::(\d+))?$/.exec(cell) ?? [];
        frames.push([name, url, Number(line), 1, 0]);
        return frames.length - 1;
      }),
    );
    return stacks.length - 1;
  };
  const types = [...new Set((drawing.made ?? []).map(({ type }) => type))];
  const rows: LeakLog['rows'] = [];
  for (const made of drawing.made ?? []) {
    const stack = stackOf(made.stack);
    for (let index = 0; index < made.count; index++) {
      const at = ARMED_MS + ((index + 0.5) * (SECONDS * 1000 - ARMED_MS)) / made.count;
      const age = SECONDS * 1000 - at;
      const stays = made.stays === undefined ? false : index % Math.round(1 / made.stays) === 0;
      const alive = age <= (made.lives ?? Number.POSITIVE_INFINITY) || stays;
      const parent = made.waits === true ? 7 : 0;
      rows.push([
        types.indexOf(made.type),
        stack,
        1,
        at,
        alive ? 1 : 0,
        made.detail ?? -1,
        made.flags ?? 0,
        0,
        parent,
      ]);
    }
  }
  const counts = (of: Record<string, string>) =>
    Object.fromEntries(Object.entries(of).map(([name, cells]) => [name, spread(cells)]));
  const log: LeakLog = {
    schema: 'holter.leaks/1',
    node: '20.20.2',
    fromMs: 100,
    toMs: SECONDS * 1000,
    times,
    resources: counts(drawing.resources ?? {}),
    heapUsed: times.map(() => 6e6),
    oldSpace: times.map(() => 5e6),
    requests: times.map((at) => (at < ARMED_MS ? null : at)),
    unanswered: spread(drawing.unanswered ?? '0').map((value, index) =>
      times[index]! < ARMED_MS ? null : value,
    ),
    listeners: (drawing.listeners ?? []).map(
      ({ emitter, event, kind = 'emitter', stack, added, counts: cells }) => ({
        emitter,
        event,
        kind,
        counts: spread(cells),
        added: [[stackOf(stack), added]],
      }),
    ),
    types,
    created: types.map((type) => rows.filter(([of]) => types[of] === type).length),
    armedAt: types.map(() => ARMED_MS),
    rows,
    collected: drawing.collected ?? true,
    ...(drawing.descriptors === undefined
      ? {}
      : {
          descriptors: {
            times,
            counts: counts(drawing.descriptors),
            limit: drawing.limit ?? null,
            files: drawing.files ?? [],
          },
        }),
    stacks,
    frames,
    notes: [],
  };
  return { log, book: buildSiteBook(log, undefined, { roots: ['/srv/api'] }) };
}
