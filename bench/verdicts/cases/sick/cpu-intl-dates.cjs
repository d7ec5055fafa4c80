// holter-expect {"kind":"cpu-bound","kinds":["event-loop-blocked"],"functions":["formatRows","formatRow"],"line":7,"lines":[7,11],"load":{"path":"/","connections":10}}
'use strict';
const express = require('express');

const times = Array.from({ length: 60 }, (_, i) => new Date(1.7e12 + i * 86_400_000));
const style = { weekday: 'long', month: 'long', day: 'numeric' };
const formatRow = (time) => time.toLocaleDateString('fr-FR', style);

const app = express();
app.get('/', (req, res) => {
  res.send(times.map(formatRow).join('<br>'));
});
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
