/**
 * Gives back a function that takes a scan and answers the heaviest one of the day. It keeps them all to look among, and
 * no day ever ends.
 */
export function makeHeaviest() {
  const today = [];
  return function heaviestWith(scan) {
    today.push(scan);
    return today.reduce((best, one) => (one.grams > best.grams ? one : best));
  };
}
