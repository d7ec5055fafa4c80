const visits = Array.from({ length: 250_000 }, (_, id) => ({ id, page: `/p/${id % 500}`, ms: id % 97 }));
const drafts = [];

/** Copies the visits before it counts them, "to be safe"; the last few copies stay alive long enough to be moved twice. */
export function rebuild(seed) {
  const copy = visits.slice(seed % 1_000, (seed % 1_000) + 30_000).map((visit) => ({ ...visit, seed }));
  drafts.push(copy);
  if (drafts.length > 8) drafts.shift();
  let total = 0;
  for (const visit of copy) total += visit.ms;
  return { visits: copy.length, total };
}
