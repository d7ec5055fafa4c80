/** Sends a letter. Its stack says who called it: a timer. */
export function deliver(letter) {
  const to = letter.to.trim();
  return `${to}: ${letter.text}`;
}
