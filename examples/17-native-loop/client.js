import { connect } from 'node:net';

// Asks for its connection to be archived, sends something, and goes away.
const client = connect(Number(process.argv[2] ?? 3017), '127.0.0.1', () => client.write('archive'));
setTimeout(() => client.end('the rest', () => process.exit()), 1000);
