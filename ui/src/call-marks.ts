/** A stretch of a source line; `call`: the name of a function that is called there. */
export interface TextPart {
  text: string;
  call: boolean;
}

/** Cuts a line where one of `names` is called: at its name with a bracket, a template or `?.` behind it. */
export function markCalls(text: string, names: readonly string[]): TextPart[] {
  // `Session.hash` and `get size` are called by their last word.
  const words = names
    .map((name) => /([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(name)?.[1])
    .filter(Boolean);
  if (words.length === 0) return [{ text, call: false }];
  const choice = words.map((word) => word!.replaceAll('$', '\\$')).join('|');
  const pattern = new RegExp(`(?<![\\p{ID_Continue}$])(?:${choice})(?=\\s*(?:\\(|\\?\\.\\s*\\(|\`))`, 'gu');
  const parts: TextPart[] = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (index > from) parts.push({ text: text.slice(from, index), call: false });
    parts.push({ text: found, call: true });
    from = index + found.length;
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), call: false });
  return parts;
}
