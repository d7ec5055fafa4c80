import { connect } from 'node:net';

/** A driver as there are many: some connections, one question on each, and a queue of those who wait for one. */
export class Database {
  idle = [];
  waiting = [];

  constructor(port, size) {
    for (let i = 0; i < size; i++) this.idle.push(connect(port, '127.0.0.1'));
  }

  async query(question) {
    const connection = await this.acquire();
    try {
      return await new Promise((resolve, reject) => {
        connection.once('data', (rows) => resolve(String(rows)));
        connection.once('error', reject);
        connection.write(`${question}\n`);
      });
    } finally {
      connection.removeAllListeners('error');
      this.release(connection);
    }
  }

  acquire() {
    const connection = this.idle.pop();
    if (connection !== undefined) return Promise.resolve(connection);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  release(connection) {
    const next = this.waiting.shift();
    if (next === undefined) this.idle.push(connection);
    else next(connection);
  }
}
