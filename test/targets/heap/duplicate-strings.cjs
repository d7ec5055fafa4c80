// Sick: every row carries its own copy of the same long text.
const rows = [];

function addRow(id) {
  const text = Buffer.from(
    'the same description of the same product, again and again. '.repeat(8),
  ).toString();
  rows.push({ id, description: text });
}

for (let id = 0; id < 12_000; id++) addRow(id);
require('node:v8').writeHeapSnapshot(process.argv[2]);
