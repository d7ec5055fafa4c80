/** Opens many server-sent event streams and reads them. */
import { get } from 'node:http';

const { port, path = '/', connections, seconds } = JSON.parse(process.argv[2]);
for (let i = 0; i < connections; i++) {
  get({ port, path, host: '127.0.0.1', agent: false }, (res) => res.resume()).on('error', () => {});
}
setTimeout(() => process.exit(0), seconds * 1_000);
process.on('SIGTERM', () => process.exit(0));
