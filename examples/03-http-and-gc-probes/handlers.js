const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function query(rows) {
  await wait(5 + rows / 100);
  // Rows that live for one request: work for the garbage collector.
  return Array.from({ length: rows }, (_, id) => ({ id, text: `row ${id} `.repeat(5) }));
}

export async function product(pathname) {
  const [row] = await query(10);
  return { pathname, row };
}

export async function report() {
  const rows = await query(5000);
  return { rows: rows.length };
}
