// holter-expect {"kind":"event-loop-stuck","functions":["isSlug","checkSlug"],"line":5,"lines":[5,9],"trigger":"/articles/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}
'use strict';
const express = require('express');

const isSlug = (text) => /^([a-z]+-?)+$/.test(text);

const app = express();
app.get('/articles/:slug', (req, res) => {
  res.json({ valid: isSlug(req.params.slug) });
});
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
