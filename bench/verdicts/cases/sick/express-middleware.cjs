// holter-expect {"kind":"event-loop-blocked","functions":["verifyKey","requireKey"],"line":10,"lines":[10,14],"load":{"path":"/orders?key=abc","connections":8,"rate":12}}
'use strict';
const { scryptSync, timingSafeEqual } = require('node:crypto');
const express = require('express');

const app = express();
const stored = scryptSync('abc', 'salt', 32, { N: 32_768, maxmem: 128 * 1024 * 1024 });

function verifyKey(key) {
  return timingSafeEqual(scryptSync(key, 'salt', 32, { N: 32_768, maxmem: 128 * 1024 * 1024 }), stored);
}

function requireKey(req, res, next) {
  if (!verifyKey(String(req.query.key))) return res.sendStatus(401);
  next();
}

app.use(express.json());
app.use(requireKey);
app.get('/orders', (req, res) => res.json([{ id: 1 }]));

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
