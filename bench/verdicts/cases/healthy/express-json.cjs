// holter-expect {"kind":"healthy","load":{"path":"/users/7","connections":20}}
'use strict';
const express = require('express');

const app = express();
app.use(express.json());
app.use((req, res, next) => {
  res.setHeader('x-request', String(Math.random()));
  next();
});
app.get('/users/:id', (req, res) => res.json({ id: Number(req.params.id), roles: ['reader', 'writer'] }));
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
