// Ends itself (`abort`), or says `ready` and works for ever, three calls below the top; its objects are of many kinds.
'use strict';
class Session {
  #token = 'secret-token';
  constructor(id) {
    this.id = id;
    this.tags = ['a', 'b', 3.5, { deep: [1, 2] }];
    this.seen = new Map([['key', { at: new Date(1e12) }]]);
    this.bytes = Buffer.from('bytes');
    this.pattern = /x+/gi;
    this.pending = Promise.resolve(7);
    this.big = 12345678901234567890n;
    this.self = this;
    this.token = () => this.#token;
  }
  close(reason, count) {
    globalThis.kept = () => [this, reason];
    if (process.argv[2] === 'abort') process.abort();
    console.log('ready');
    for (let round = 0; ; round++) if (round < 0) count += round;
  }
}

function handle(request) {
  return new Session(42).close(`bye ${request.url}`, 7);
}

handle({ url: '/checkout' });
