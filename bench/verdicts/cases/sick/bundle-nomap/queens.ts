/** Number of ways to place n queens: a search that nobody wants in a request. */
export function solve(n: number): number {
  const place = (row: number, columns: number, left: number, right: number): number => {
    if (row === n) return 1;
    let ways = 0;
    for (let column = 0; column < n; column++) {
      const bit = 1 << column;
      const down = 1 << (row + column);
      const up = 1 << (row - column + n);
      if (columns & bit || left & down || right & up) continue;
      ways += place(row + 1, columns | bit, left | down, right | up);
    }
    return ways;
  };
  let total = 0;
  for (let round = 0; round < 160; round++) total += place(0, 0, 0, 0);
  return total;
}
