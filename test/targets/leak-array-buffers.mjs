// holter-expect {"kind":"memory-leak-external","functions":["draw","Canvas.draw","Canvas","addFrame"],"line":6,"lines":[5,6,7,12,13,14,15,16],"load":{"path":"/","connections":10,"rate":100}}
import { createServer } from 'node:http';

class Canvas {
  constructor(width, height) {
    this.pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  }
}

const frames = new Set();

async function addFrame() {
  const frame = new Canvas(128, 128);
  frames.add(frame);
  return frame;
}

const server = createServer(async (req, res) => {
  await addFrame();
  res.end(String(frames.size));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
