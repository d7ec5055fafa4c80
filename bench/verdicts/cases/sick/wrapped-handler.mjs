// holter-expect {"kind":"event-loop-blocked","functions":["exportCsv","toCsv"],"line":33,"lines":[28,29,30,31,32,33,34,35,36],"load":{"path":"/export","connections":4}}
import { createServer } from 'node:http';

const timed = (fn) =>
  function timedCall(...args) {
    const began = process.hrtime.bigint();
    try {
      return fn.apply(this, args);
    } finally {
      timedCall.ns = process.hrtime.bigint() - began;
    }
  };
const retried =
  (fn, times) =>
  (...args) => {
    for (let i = 0; ; i++) {
      try {
        return fn(...args);
      } catch (error) {
        if (i === times) throw error;
      }
    }
  };

const rows = Array.from({ length: 9_000 }, (_, i) => [i, `name, ${i}`, `"quoted" ${i}`, i / 3]);

const exportCsv = retried(
  timed(function toCsv(table) {
    let csv = '';
    let bytes = 0;
    for (const row of table) {
      csv += `${row.map((cell) => JSON.stringify(String(cell))).join(',')}\n`;
      if (row[0] % 20 === 0) bytes = Buffer.byteLength(csv);
    }
    return `${bytes}\n${csv}`;
  }),
  2,
);

const server = createServer((req, res) => {
  res.end(exportCsv(rows));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
