const LONGEST = 10_000;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/**
 * Names of a function's parameters out of its text: V8 keeps names only of variables that closures use. Patterns are ''.
 * @param text of the script from the beginning of the function (`FunctionInfo.start`) on: `(a, b = 1, ...c) {…`, or `a => …`
 */
export function parameterNames(text: string): string[] {
  const arrow = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(text.slice(0, 200));
  if (arrow !== null) return [arrow[1] as string];
  if (text[0] !== '(') return [];
  const parts: string[] = [];
  let depth = 0;
  let begin = 1;
  let quote = '';
  for (let at = 0; at < Math.min(text.length, LONGEST); at++) {
    const letter = text[at] as string;
    if (quote !== '') {
      if (letter === '\\') at++;
      else if (letter === quote) quote = '';
    } else if (letter === '/' && (text[at + 1] === '*' || text[at + 1] === '/')) {
      const end = text[at + 1] === '*' ? text.indexOf('*/', at) + 1 : text.indexOf('\n', at);
      if (end <= at) return [];
      at = end;
    } else if (letter === '"' || letter === "'" || letter === '`') quote = letter;
    else if (letter === '(' || letter === '[' || letter === '{') depth++;
    else if (letter === ')' || letter === ']' || letter === '}') {
      depth--;
      if (depth > 0) continue;
      parts.push(text.slice(begin, at));
      return nonEmpty(parts).map(nameOf);
    } else if (letter === ',' && depth === 1) {
      parts.push(text.slice(begin, at));
      begin = at + 1;
    }
  }
  return [];
}

/** `()` has none, and a comma at the end begins none. */
function nonEmpty(parts: string[]): string[] {
  return (parts.at(-1) as string).trim() === '' ? parts.slice(0, -1) : parts;
}

function nameOf(part: string): string {
  const plain = part.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '').replace(/^\s*\.\.\./, '');
  const name = plain.split('=')[0]!.trim();
  return IDENTIFIER.test(name) ? name : '';
}
