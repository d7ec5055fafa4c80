// holter-expect {"kind":"out-of-memory-risk","kinds":["memory-leak-heap"],"functions":["thumbnail"],"line":10,"lines":[8,9,10,11,12,13],"load":{"path":"/","connections":10,"rate":250},"nodeArgs":["--max-old-space-size=128"]}
'use strict';
const express = require('express');

const thumbnails = {};
let count = 0;

const thumbnail = (name) => {
  const pixels = [];
  for (let i = 0; i < 1_500; i++) pixels.push((i * 31 + name.length) % 255);
  thumbnails[name] = pixels;
  return pixels;
};

const app = express();
app.get('/', (req, res) => res.json(thumbnail(`image${count++}.png`).length));
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
