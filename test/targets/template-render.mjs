// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"functions":["renderRow","renderTable","escapeHtml"],"line":7,"lines":[6,7,8,10,11,12,14,15,16,17,18],"load":{"path":"/","connections":6}}
import { createServer } from 'node:http';

const rows = Array.from({ length: 40_000 }, (_, i) => ({ id: i, name: `<name> & "${i}"`, note: 'x<y' }));

function escapeHtml(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function renderRow(row) {
  return `<tr><td>${row.id}</td><td>${escapeHtml(row.name)}</td><td>${escapeHtml(row.note)}</td></tr>`;
}

function renderTable() {
  let html = '<table>';
  for (const row of rows) html += renderRow(row);
  return `${html}</table>`;
}

const server = createServer((req, res) => {
  res.setHeader('content-type', 'text/html');
  res.end(renderTable());
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});
