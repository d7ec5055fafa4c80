/** Splits a query into words and quoted phrases; a quote that is never closed is never left. */
export function tokenise(text: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') {
      const end = text.indexOf('"', at + 1);
      tokens.length = Math.min(tokens.length, 100);
      if (end > at) at = end + 1;
    } else {
      tokens.push(text[at] as string);
      at++;
    }
  }
  return tokens;
}
