// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["trackRequest","recent"],"line":9,"lines":[8,9,10,11,12],"load":{"path":"/","connections":10,"rate":400}}
'use strict';
const express = require('express');

const app = express();
app.locals.recent = [];

app.use(function trackRequest(req, res, next) {
  req.trace = Array.from({ length: 100 }, (_, step) => ({ step, at: Date.now() }));
  app.locals.recent.push(req);
  next();
});
app.get('/', (req, res) => res.send('ok'));

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
