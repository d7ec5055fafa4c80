const { EventEmitter } = require('node:events');
const { writeSync } = require('node:fs');

// A heap whose classes are known to the last instance, full of what must not run when it is counted: getters, proxies
// with traps, and intrinsics that were replaced. Whatever runs of it prints TRAP. `stuck` as argument: never answers.
let traps = 0;
class Session {
  constructor(id) {
    this.id = id;
    this.user = `user ${id}`;
  }
  get boom() {
    traps++;
    throw new Error('a getter ran');
  }
}
class Guest extends Session {}
const twins = [
  (() => {
    class Twin {
      a = 1;
    }
    return Twin;
  })(),
  (() => {
    class Twin {
      b = 2;
    }
    return Twin;
  })(),
];
class Evil {
  constructor() {
    Object.defineProperty(this, 'trap', {
      enumerable: true,
      get() {
        traps++;
        return 1;
      },
    });
  }
}
Object.defineProperty(Evil.prototype, 'constructor', {
  get() {
    traps++;
    return Object;
  },
});
class Named {
  id = 1;
  static get name() {
    traps++;
    return 'never';
  }
}
const trap = new Proxy(
  {},
  {
    get() {
      traps++;
      return undefined;
    },
  },
);
const hold = { list: [], map: new Map(), settings: new EventEmitter().setMaxListeners(0) };
for (let i = 0; i < 1000; i++) hold.list.push(new Session(i));
for (let i = 0; i < 300; i++) hold.list.push(new Guest(i));
for (let i = 0; i < 50; i++) hold.list.push(new twins[0](), new twins[1](), new twins[1]());
for (let i = 0; i < 20; i++) hold.list.push(new Evil(), new Named());
for (let i = 0; i < 100; i++)
  hold.list.push(new Proxy({ hidden: i }, trap), Object.create(new Proxy({}, trap)));
for (let i = 0; i < 200; i++)
  hold.settings.on('change', function onChange() {
    return i;
  });
for (let i = 0; i < 10; i++) hold.list.push(Buffer.alloc(1e6));
for (let i = 0; i < 5000; i++) hold.map.set(i, { id: i, plain: 'n' });
for (let i = 0; i < 64; i++)
  hold.list.push({
    get secret() {
      traps++;
      return 1;
    },
    open: 1,
  });
globalThis.hold = hold;

const { apply } = Reflect;
function spy(owner, key) {
  const original = owner[key];
  owner[key] = function (...args) {
    traps++;
    return apply(original, this, args);
  };
}
for (const key of ['getPrototypeOf', 'keys', 'getOwnPropertyDescriptor']) spy(Object, key);
spy(Map.prototype, 'get');
spy(Array.prototype, 'push');
spy(Reflect, 'getPrototypeOf');

function report() {
  if (traps === 0) return;
  writeSync(1, `TRAP ${traps}\n`);
  traps = 0;
}

function spin() {
  for (let turns = 0; ; turns = (turns + 1) % 1e6) if (turns === 0) report();
}
if (process.argv[2] === 'stuck')
  setTimeout(() => {
    writeSync(1, 'ready\n');
    spin();
  }, 50);
else {
  setInterval(report, 20);
  console.log('ready');
}
