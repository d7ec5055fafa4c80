const roots = ['password', 'diagnosis', 'event loop', 'memory', 'process', 'worker', 'stream', 'buffer'];
const dictionary = roots.flatMap((root) => Array.from({ length: 300 }, (_, i) => `${root} ${i}`));

function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** The dictionary word nearest to what was typed: compares with every one of them, every time. */
export function suggest(typed) {
  let best = dictionary[0];
  let nearest = Number.POSITIVE_INFINITY;
  for (const word of dictionary) {
    const distance = editDistance(typed, word);
    if (distance < nearest) {
      nearest = distance;
      best = word;
    }
  }
  return best;
}
