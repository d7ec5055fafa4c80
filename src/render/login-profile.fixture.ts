import { CATEGORIES, type CallTree, type Category, PARTIES, type Party } from '../cpu/call-tree.ts';

export const CWD = '/srv/api-gateway';

/** Numbers that look random and are the same in every run. */
export function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `party name file line` of a frame; party may also be a category: native, gc, idle, kernel. */
export type FrameText = readonly [kind: string, name: string, file?: string, line?: number];

/** Grows a CallTree out of stacks (outermost first) with a number of 1 ms samples each. */
export function drawTree(
  stacks: { frames: FrameText[]; samples: number; line?: number }[],
  fromMs: number,
): CallTree {
  const names: FrameText[] = [['native', '(root)']];
  const frameOf = new Map<string, number>();
  const parent = [-1];
  const frame = [0];
  const self = [0];
  const childOf = new Map<string, number>();
  const ends: number[] = [];
  for (const stack of stacks) {
    let at = 0;
    for (const text of stack.frames) {
      const key = text.join('\0');
      let row = frameOf.get(key);
      if (row === undefined) {
        row = names.push(text) - 1;
        frameOf.set(key, row);
      }
      const edge = `${at}/${row}`;
      let node = childOf.get(edge);
      if (node === undefined) {
        node = parent.push(at) - 1;
        frame.push(row);
        self.push(0);
        childOf.set(edge, node);
      }
      at = node;
    }
    self[at]! += stack.samples * 1000;
    ends.push(at);
  }
  const total = Float64Array.from(self);
  const depth = new Int32Array(parent.length);
  for (let i = parent.length - 1; i > 0; i--) total[parent[i]!]! += total[i]!;
  for (let i = 1; i < parent.length; i++) depth[i] = depth[parent[i]!]! + 1;
  // Samples in rounds: every stack once in a while, so that a brush anywhere meets a mixture.
  const left = stacks.map((stack) => stack.samples);
  const order: number[] = [];
  const whole = left.reduce((sum, count) => sum + count, 0);
  const credit = left.map(() => 0);
  for (let k = 0; k < whole; k++) {
    let best = -1;
    for (let s = 0; s < stacks.length; s++) {
      credit[s]! += stacks[s]!.samples;
      if (left[s]! > 0 && (best < 0 || credit[s]! > credit[best]!)) best = s;
    }
    credit[best]! -= whole;
    left[best]!--;
    order.push(ends[best]!);
  }
  const isCategory = (kind: string): kind is Category => (CATEGORIES as readonly string[]).includes(kind);
  const lined = stacks
    .map((stack, i) => ({ ...stack, end: ends[i]! }))
    .filter((stack) => stack.line !== undefined);
  return {
    unit: 'microseconds',
    frames: {
      length: names.length,
      name: names.map(([, name]) => name),
      file: names.map(([, , file]) => file ?? ''),
      line: Int32Array.from(names, ([, , , line]) => line ?? 0),
      column: Int32Array.from(names, () => 1),
      category: Uint8Array.from(names, ([kind]) => CATEGORIES.indexOf(isCategory(kind) ? kind : 'js')),
      party: Uint8Array.from(names, ([kind]) => PARTIES.indexOf(isCategory(kind) ? 'none' : (kind as Party))),
      package: names.map(([kind, , file]) =>
        kind === 'dependency' ? (/node_modules\/([^/]+)/.exec(file ?? '')?.[1] ?? '') : '',
      ),
    },
    length: parent.length,
    parent: Int32Array.from(parent),
    frame: Int32Array.from(frame),
    depth,
    self: Float64Array.from(self),
    total,
    samples: {
      time: Float64Array.from(order, (_, i) => fromMs + i),
      node: Int32Array.from(order),
      weight: new Float64Array(order.length).fill(1000),
    },
    lines: {
      node: Int32Array.from(lined, (stack) => stack.end),
      line: Int32Array.from(lined, (stack) => stack.line!),
      weight: Float64Array.from(lined, (stack) => stack.samples * 1000),
    },
    from: fromMs,
    to: fromMs + order.length,
  };
}

export const APP = (name: string, file: string, line: number): FrameText => [
  'user',
  name,
  `${CWD}/app/${file}`,
  line,
];
const DEP = (name: string, file: string, line: number): FrameText => [
  'dependency',
  name,
  `${CWD}/node_modules/${file}`,
  line,
];
const CORE = (name: string, file: string, line: number): FrameText => ['core', name, `node:${file}`, line];

/**
 * A login server: 76 % in pbkdf2Sync below hashPassword, the rest spread over about `nodes` nodes. `queued`: it also
 * has 370 samples of `query` called from a promise.
 */
export function drawLoginTree(nodes: number, options: { queued?: boolean } = {}): CallTree {
  const random = drawn(7);
  const entry: FrameText[] = [
    CORE('processTicksAndRejections', 'internal/process/task_queues', 72),
    CORE('endReadableNT', 'internal/streams/readable', 1693),
    CORE('emit', 'events', 524),
    DEP('onEnd', 'raw-body/index.js', 272),
    DEP('done', 'body-parser/lib/read.js', 73),
    DEP('next', 'router/index.js', 151),
    DEP('handle', 'router/lib/layer.js', 148),
    APP('requestLog', 'log.js', 12),
    DEP('dispatch', 'router/lib/route.js', 98),
    APP('login', 'routes/session.js', 22),
  ];
  const hash = [...entry, APP('hashPassword', 'auth.js', 37)];
  const derive: FrameText[] = [
    ...hash,
    CORE('pbkdf2Sync', 'internal/crypto/pbkdf2', 62),
    ['native', 'PBKDF2Job.run'],
    ['native', 'PKCS5_PBKDF2_HMAC'],
  ];
  const list: FrameText[] = [
    CORE('parserOnIncoming', '_http_server', 1050),
    CORE('emit', 'events', 524),
    DEP('app', 'express/lib/express.js', 38),
    DEP('dispatch', 'router/lib/route.js', 98),
    APP('listProducts', 'routes/products.js', 12),
  ];
  const query: FrameText[] = [APP('query', 'db.js', 19), ['native', 'writev'], ['kernel', 'tcp_sendmsg']];
  const stacks: Parameters<typeof drawTree>[0] = [
    { frames: [...derive, ['native', 'HMAC_Update'], ['native', 'sha512_block_data_order']], samples: 4120 },
    { frames: [...derive, ['native', 'HMAC_Final'], ['native', 'sha512_block_data_order']], samples: 2290 },
    { frames: [...derive, ['native', 'HMAC_CTX_copy']], samples: 1200 },
    { frames: hash, samples: 10, line: 41 },
    { frames: [...entry, APP('createSession', 'session.js', 64)], samples: 125 },
    { frames: [...list, APP('renderList', 'views/product.js', 30)], samples: 121 },
    { frames: [...list, ...query], samples: 370 },
    { frames: [['gc', '(garbage collector)']], samples: 208 },
    { frames: [['idle', '(idle)']], samples: 420 },
    { frames: [['program', '(program)']], samples: 90 },
  ];
  if (options.queued) stacks.push({ frames: [entry[0]!, ...query], samples: 370 });
  // The long tail: many small stacks, as real servers have.
  for (let grown = 60; grown < nodes; ) {
    const deep = 1 + Math.floor(random() * 12);
    const tail: FrameText[] = [];
    for (let level = 0; level < deep; level++) {
      const id = Math.floor(random() * 400);
      const kind = id % 5;
      if (kind === 0) tail.push(APP(`price${id}`, `lib/price${id % 40}.js`, 10 + id));
      else if (kind === 1) tail.push(CORE(`emit${id}`, 'events', 500 + id));
      else tail.push(DEP(`visit${id}`, `walker/lib/visit${id % 30}.js`, 10 + id));
    }
    stacks.push({ frames: [...list, ...tail], samples: nodes > 10_000 ? 5 : 1 });
    grown += deep;
  }
  return drawTree(stacks, 20_000);
}
