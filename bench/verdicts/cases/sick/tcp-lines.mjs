// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"functions":["takeLines","LineReader.takeLines","feed"],"line":16,"lines":[9,12,13,14,15,16,17,18,19,20,21],"load":{"loader":"tcp-lines.mjs","connections":3}}
import { createServer } from 'node:net';

class LineReader {
  buffered = '';

  feed(chunk) {
    this.buffered += chunk;
    return this.takeLines();
  }

  takeLines() {
    const lines = [];
    for (;;) {
      // Cuts the first line off a copy of all that is left, every time.
      const parts = this.buffered.split('\n');
      if (parts.length === 1) return lines;
      lines.push(parts.shift());
      this.buffered = parts.join('\n');
    }
  }
}

const server = createServer((socket) => {
  const reader = new LineReader();
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const lines = reader.feed(chunk);
    if (lines.length > 0) socket.write(`${lines.length}\n`);
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
