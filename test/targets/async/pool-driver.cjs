'use strict';
// A pretend database driver: so many connections, a queue before them, one question per connection at a time.
const net = require('node:net');

class Pool {
  constructor(port, size) {
    this.idle = [];
    this.waiting = [];
    this.ready = Promise.all(Array.from({ length: size }, () => this.connect(port)));
  }

  connect(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        this.idle.push(socket);
        resolve();
      });
      socket.on('error', reject);
    });
  }

  acquire() {
    const socket = this.idle.pop();
    if (socket !== undefined) return Promise.resolve(socket);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  release(socket) {
    const next = this.waiting.shift();
    if (next !== undefined) next(socket);
    else this.idle.push(socket);
  }

  async query(text) {
    const socket = await this.acquire();
    const answer = await new Promise((resolve) => {
      socket.once('data', (data) => resolve(String(data)));
      socket.write(`${text}\n`);
    });
    this.release(socket);
    return answer;
  }
}

/** A server that answers each question after `ms`; gives its port. */
function startDatabase(ms) {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => {
      socket.on('data', (text) => setTimeout(() => socket.write(`row of ${text}`), ms));
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

module.exports = { Pool, startDatabase };
