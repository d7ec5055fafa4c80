/** Requests seen, by route: the moments at which each may be forgotten. */
const seen = new Map();
const WINDOW_MS = 60_000;
const MOST = 5000;

/** Asks the clock for every entry it looks at: none of it looks expensive. */
function countRecent(moments) {
  let recent = 0;
  for (const moment of moments)
    if (process.hrtime.bigint() - moment < BigInt(WINDOW_MS) * 1_000_000n) recent++;
  return recent;
}

export function isAllowed(route) {
  const moments = seen.get(route) ?? [];
  seen.set(route, moments);
  moments.push(process.hrtime.bigint());
  if (moments.length > MOST) moments.shift();
  return countRecent(moments) <= MOST;
}
