import { Socket } from 'node:net';

// Reads the connection it was started with (descriptor 3) to its end, and keeps it open: it may want to answer.
let bytes = 0;
new Socket({ fd: 3, allowHalfOpen: true }).on('data', (data) => {
  bytes += data.length;
});
setInterval(() => bytes, 60_000);

// Whoever started it holds the other end of stdin: it ends with them.
process.stdin.on('end', () => process.exit()).resume();
