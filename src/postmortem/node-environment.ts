import { mappingAt } from '../linux/memory-map.ts';
import { REGISTER } from '../linux/process-image.ts';
import type { V8Reader } from './v8-reader.ts';

/** An Environment of Node (src/env.h): one for the main thread, one for each worker. */
export interface NodeEnvironment {
  /** Of the Environment in C++. */
  address: number;
  /** Thread that runs it. */
  tid: number;
}

/** Offsets of Node's own metadata (src/node_postmortem_metadata.cc), there since Node 8; NaN: a build without. */
export interface EnvironmentLayout {
  /** Head of the list of all HandleWraps, in an Environment. */
  handleQueue: number;
  requestQueue: number;
  /** The link of that list, in a HandleWrap and in a ReqWrap. */
  handleLink: number;
  requestLink: number;
  /** The v8::Global of the JavaScript object, in both. */
  persistent: number;
}

/** Words of one stack that are looked through, from its outermost end. */
const SEARCHED = 2 ** 20;
const MOST_THREADS = 2000;
/** Of a list; more are damage, or a leak that is proven by then. */
export const MOST_WRAPS = 100_000;

export function environmentLayout(v8: V8Reader): EnvironmentLayout {
  const number = (name: string): number => v8.layout.constants.get(`nodedbg_offset_${name}`) ?? Number.NaN;
  return {
    handleQueue: number('Environment__handle_wrap_queue___Environment_HandleWrapQueue'),
    requestQueue: number('Environment__req_wrap_queue___Environment_ReqWrapQueue'),
    handleLink: number('HandleWrap__handle_wrap_queue___ListNode_HandleWrap'),
    requestLink: number('ReqWrap__req_wrap_queue___ListNode_ReqWrapQueue'),
    persistent: number('BaseObject__persistent_handle___v8_Persistent_v8_Object'),
  };
}

/**
 * Finds the Environments through the stacks: whoever runs an event loop holds a pointer to its own in the frames around
 * it, also while no JavaScript runs. It is known by its two lists, whose ends meet.
 */
export function findEnvironments(v8: V8Reader): NodeEnvironment[] {
  const layout = environmentLayout(v8);
  if (Number.isNaN(layout.handleQueue) || Number.isNaN(layout.requestQueue)) return [];
  const found: NodeEnvironment[] = [];
  const main = (tid: number): number => (tid === v8.image.pid ? 0 : 1);
  const threads = [...v8.image.threads].sort((a, b) => main(a.tid) - main(b.tid));
  for (const { tid, registers } of threads.slice(0, MOST_THREADS)) {
    const sp = registers[REGISTER.rsp] ?? Number.NaN;
    const end = mappingAt(v8.image.mappings, sp)?.end ?? Number.NaN;
    if (!(end > sp)) continue;
    const taken = new Set(found.map(({ address }) => address));
    const address = environmentOnStack(v8, layout, Math.max(sp - (sp % 8), end - 8 * SEARCHED), end, taken);
    if (address !== undefined) found.push({ address, tid });
  }
  return found;
}

/** The outermost frames run the loop: from there on. */
function environmentOnStack(
  v8: V8Reader,
  layout: EnvironmentLayout,
  from: number,
  to: number,
  taken: ReadonlySet<number>,
): number | undefined {
  const { memory } = v8;
  const seen = new Set<number>();
  for (let at = to - 8; at >= from; at -= 8) {
    const word = memory.word(at);
    // Objects of malloc; most words are none.
    if (!(word > 0x1000 && word < 2 ** 47) || word % 8 !== 0 || (word >= from && word < to)) continue;
    if (seen.has(word) || taken.has(word)) continue;
    seen.add(word);
    if (
      isListHead(v8, word + layout.handleQueue) &&
      isListHead(v8, word + layout.requestQueue) &&
      holdsWraps(v8, layout, word)
    )
      return word;
  }
  return undefined;
}

/** util-inl.h: ListNode { prev, next }. */
function isListHead({ memory }: V8Reader, head: number): boolean {
  return memory.word(memory.word(head) + 8) === head && memory.word(memory.word(head + 8)) === head;
}

/** A queue of libuv looks the same: what is in the list must lead to JavaScript objects. */
function holdsWraps(v8: V8Reader, layout: EnvironmentLayout, address: number): boolean {
  const first = wrapsOf(v8, address + layout.handleQueue, layout.handleLink, 1)[0];
  if (first === undefined) return true;
  const object = v8.memory.word(v8.memory.word(first + layout.persistent));
  return object % 4 === 1;
}

/** Where an Environment has its Realm, from its list of handles on: measured 520 to 552 in Node 18 to 26. */
const REALM_AFTER = { least: 400, most: 800 } as const;
/** In a Realm (src/node_realm.h): its Environment, then its Isolate; equal in Node 18 to 26. */
const REALM = { environment: 176, isolate: 184 } as const;
const ENVIRONMENT_SIZE = 6000;

/** The principal Realm of an Environment, which has the functions of JavaScript that Node's C++ calls; NaN not found. */
export function realmOf(v8: V8Reader, environment: number): number {
  const { handleQueue } = environmentLayout(v8);
  // Near the lists first: each word tried elsewhere may cost the reading of a page.
  for (const [from, to] of [
    [handleQueue + REALM_AFTER.least, handleQueue + REALM_AFTER.most],
    [0, ENVIRONMENT_SIZE],
  ] as const) {
    for (let at = environment + from; at < environment + to; at += 8) {
      const realm = v8.memory.word(at);
      if (realm > 4096 && v8.memory.word(realm + REALM.environment) === environment) return realm;
    }
  }
  return Number.NaN;
}

/** Address of the v8::Isolate of an Environment; NaN not found. */
export function isolateOf(v8: V8Reader, environment: number): number {
  return v8.memory.word(realmOf(v8, environment) + REALM.isolate);
}

/** Addresses of the wraps in a list, in the order they were made; ends in bounded time, also where links are damaged. */
export function wrapsOf(v8: V8Reader, head: number, link: number, most: number = MOST_WRAPS): number[] {
  const wraps: number[] = [];
  let before = head;
  let node = v8.memory.word(head + 8);
  while (node !== head && wraps.length < most && v8.memory.word(node) === before) {
    wraps.push(node - link);
    before = node;
    node = v8.memory.word(node + 8);
  }
  return wraps;
}
