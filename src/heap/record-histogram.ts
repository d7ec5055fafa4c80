import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import type { Session } from '../cdp/session.ts';
import { type ClassCount, type ClassHistogram, UNSEEN } from './class-histogram.ts';
import { type CountedClasses, type CountedRow, type CountTools, countClasses } from './count-classes.ts';
import { nameScripts } from './record-scripts.ts';

const GROUP = 'holter-heap';
const MOST_ROWS = 4000;
/** Constructors and functions whose place is asked for: one small request each. */
const MOST_PLACES = 150;

export interface HistogramOptions {
  /** Longest wait for the count (default 10 min): the thread cannot be stopped half-way. */
  timeoutMs?: Milliseconds;
  /** Where constructors are to be looked up; default true. It costs one request each and a list of all scripts. */
  places?: boolean;
}

/**
 * Counts the objects of one thread by class without a snapshot: one full collection, then all objects that inherit from
 * `Object.prototype` are grouped in the target (`countClasses`). Works on an idle thread and on one that is stuck in
 * JavaScript. No getter, proxy trap or other code of the application runs. What the count has made is released.
 *
 * @throws HolterError of the session; E_TIMEOUT when the thread does not answer (native code)
 */
export async function recordHistogram(
  session: Session,
  thread: string,
  { timeoutMs = 600_000, places = true }: HistogramOptions = {},
): Promise<ClassHistogram> {
  const send = { timeoutMs };
  try {
    const prepared = await objectOf(
      session.send(
        'Runtime.evaluate',
        { expression: PREPARE, includeCommandLineAPI: true, silent: true, objectGroup: GROUP },
        { timeoutMs: 10_000 },
      ),
    );
    const call = (functionDeclaration: string, args: { objectId?: string; value?: unknown }[] = []) =>
      session.send(
        'Runtime.callFunctionOn',
        { objectId: prepared, functionDeclaration, arguments: args, silent: true, objectGroup: GROUP },
        send,
      );
    const prototype = await objectOf(call('function () { return this.tools.objectPrototype }'));
    const begin = performance.now();
    const found = await session.send(
      'Runtime.queryObjects',
      { prototypeObjectId: prototype, objectGroup: GROUP },
      send,
    );
    const takenAt = new Date().toISOString();
    const counted = await objectOf(
      call('function (objects) { return this.counted = this.run(objects) }', [
        { objectId: idOf(found.objects) },
      ]),
    );
    const pauseMs = performance.now() - begin;
    const { result } = await session.send(
      'Runtime.callFunctionOn',
      {
        objectId: counted,
        functionDeclaration: 'function () { return this.text }',
        returnByValue: true,
        silent: true,
      },
      send,
    );
    const { rows, others, total, heap } = JSON.parse(String(result.value)) as {
      rows: CountedRow[];
      others: ClassHistogram['others'];
      total: number;
      heap: ClassHistogram['heap'];
    };
    const counts = rows.map(
      ([name, kind, count, bytes, entries]): ClassCount => ({ name, kind, place: '', count, bytes, entries }),
    );
    if (places)
      await findPlaces(session, counts, (index) =>
        session
          .send(
            'Runtime.callFunctionOn',
            {
              objectId: counted,
              functionDeclaration: 'function (index) { return this.samples[index] }',
              arguments: [{ value: index }],
              silent: true,
              objectGroup: GROUP,
            },
            { timeoutMs: 2000 },
          )
          .then(({ result: sample }) => sample.objectId),
      );
    return {
      takenAt,
      thread,
      rows: counts,
      others,
      objectCount: total,
      heap,
      pauseMs,
      notes: [UNSEEN],
    };
  } finally {
    if (session.isOpen)
      await session
        .send('Runtime.releaseObjectGroup', { objectGroup: GROUP }, { timeoutMs: 5000 })
        .catch(() => {});
  }
}

/** Text, so that nothing of holter's build (helpers, source maps) is needed in the target. */
const COUNT = `(${countClasses.toString()})`;

/**
 * The fresh context gives intrinsics nobody has replaced; `Object.prototype` itself is the one of the target's own realm.
 */
const PREPARE = `(() => {
  const builtin = process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require;
  const { runInNewContext } = builtin('vm');
  const { isProxy } = builtin('util').types;
  const v8 = builtin('v8');
  const fresh = runInNewContext('({ Reflect, JSON })');
  const tools = {
    isProxy,
    objectPrototype: fresh.Reflect.getPrototypeOf({}),
    emitterPrototype: builtin('events').prototype,
    mostRows: ${MOST_ROWS},
  };
  const count = runInNewContext(${JSON.stringify(COUNT)});
  return {
    tools,
    run(objects) {
      const statistics = v8.getHeapStatistics();
      const { external, arrayBuffers } = process.memoryUsage();
      const { json, samples, others } = count(objects, tools);
      const heap = { used: statistics.used_heap_size, total: statistics.total_heap_size,
        limit: statistics.heap_size_limit, external, arrayBuffers };
      const text = '{"rows":' + json + ',"others":' + fresh.JSON.stringify(others) + ',"total":' + objects.length +
        ',"heap":' + fresh.JSON.stringify(heap) + '}';
      return { text, samples };
    },
  };
})()
//# sourceURL=holter:histogram`;

/** What the expression is typed by; never called here. */
export type PreparedTools = CountTools;
export type PreparedResult = CountedClasses;

async function objectOf(
  answer: Promise<{
    result: { objectId?: string };
    exceptionDetails?: { text: string; exception?: { description?: string } };
  }>,
): Promise<string> {
  const { result, exceptionDetails } = await answer;
  if (exceptionDetails !== undefined)
    throw new HolterError(
      'E_CDP',
      `counting in the target failed: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`,
    );
  return idOf(result);
}

function idOf({ objectId }: { objectId?: string }): string {
  if (objectId === undefined)
    throw new HolterError('E_CDP', 'the target gave a value where an object was due');
  return objectId;
}

/**
 * Fills in where constructors and functions stand, of the rows of most bytes and most instances. Two classes of one name
 * are told apart by it. Without it the count stands.
 */
async function findPlaces(
  session: Session,
  rows: ClassCount[],
  sampleOf: (index: number) => Promise<string | undefined>,
): Promise<void> {
  const wanted = choosePlaces(rows);
  if (wanted.length === 0) return;
  try {
    const locations = await Promise.all(
      wanted.map(async (index) => {
        const objectId = await sampleOf(index);
        if (objectId === undefined) return undefined;
        const { internalProperties } = await session.send(
          'Runtime.getProperties',
          { objectId, ownProperties: true },
          { timeoutMs: 5000 },
        );
        const location = internalProperties?.find(({ name }) => name === '[[FunctionLocation]]')?.value
          ?.value as { scriptId: string; lineNumber: number; columnNumber: number } | undefined;
        return location === undefined ? undefined : { index, location };
      }),
    );
    const scripts = await nameScripts(session);
    for (const found of locations) {
      if (found === undefined) continue;
      const { scriptId, lineNumber, columnNumber } = found.location;
      const url = scripts.get(scriptId) ?? '';
      if (url !== '') rows[found.index]!.place = `${url}:${lineNumber + 1}:${columnNumber + 1}`;
    }
  } catch {
    // The target went, or lacks the domain.
  }
}

/** Rows of a class or function: half by bytes, half by number; rows that share a name first. */
function choosePlaces(rows: readonly ClassCount[]): number[] {
  const known = new Map<string, number>();
  for (const { name, kind } of rows) known.set(`${kind} ${name}`, (known.get(`${kind} ${name}`) ?? 0) + 1);
  const candidates = rows.flatMap((row, index) => (row.kind === 'shape' ? [] : [index]));
  const shared = candidates.filter((index) => known.get(`${rows[index]!.kind} ${rows[index]!.name}`)! > 1);
  const byCount = [...candidates].sort((a, b) => rows[b]!.count - rows[a]!.count);
  const wanted = new Set<number>(shared.slice(0, MOST_PLACES / 3));
  for (const index of candidates.slice(0, MOST_PLACES / 3)) wanted.add(index);
  for (const index of byCount) {
    if (wanted.size >= MOST_PLACES) break;
    wanted.add(index);
  }
  return [...wanted];
}
