/** Asks an HTTP/2 server, one stream after the other per connection, with a short rest in between. */
import { connect } from 'node:http2';

const { port, connections, seconds, restMs = 10 } = JSON.parse(process.argv[2]);
for (let i = 0; i < connections; i++) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const ask = () => {
    const stream = session.request({ ':path': '/' });
    stream.resume();
    stream.on('error', () => {});
    stream.on('close', () => setTimeout(ask, restMs));
    stream.end();
  };
  ask();
}
setTimeout(() => process.exit(0), seconds * 1_000);
process.on('SIGTERM', () => process.exit(0));
