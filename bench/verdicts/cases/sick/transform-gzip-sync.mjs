// holter-expect {"kind":"event-loop-blocked","functions":["_transform","transform","pack"],"line":18,"load":{"path":"/backup","connections":4}}
import { createServer } from 'node:http';
import { pipeline, Readable, Transform } from 'node:stream';
import { gzipSync } from 'node:zlib';

const block = Buffer.alloc(600_000);

let seed = 7;
for (let i = 0; i < block.length; i++) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  block[i] = 97 + (seed & 7);
}

class Packer extends Transform {
  _transform(chunk, encoding, done) {
    done(null, gzipSync(chunk, { level: 9 }));
  }
}

const server = createServer((req, res) => {
  pipeline(Readable.from([block, block, block]), new Packer(), res, () => {});
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
