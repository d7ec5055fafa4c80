const IDENTIFIER = '[A-Za-z_$\\u00a1-\\uffff][\\w$\\u00a1-\\uffff]*';

/** Words that stand before a `(` and name no function. */
const NOT_A_NAME = new Set(
  'if for while switch catch with return typeof await yield new delete void in of case do else function async super'.split(
    ' ',
  ),
);

/** True for names that minifiers make: empty, or one to three characters such as `t`, `Xe`, `$2`. */
export function looksMinified(name: string): boolean {
  return name === '' || /^[A-Za-z_$][\w$]{0,2}$/.test(name);
}

export function isIdentifier(name: string): boolean {
  return new RegExp(`^#?${IDENTIFIER}$`).test(name) && !NOT_A_NAME.has(name);
}

/**
 * Name of the function whose definition stands at a place of the original text, '' when the text does not say.
 * `line1` and `column1` are 1-based and point anywhere from the start of its head to its parameter list, which is
 * where V8 puts a function. Reads one line (≤ 400 characters, more is not hand-written), and the one before for a head broken after `=`.
 *
 *     function hash(pw) {          const hash = async (pw) => {        hash(pw) {
 *     async *hash(pw) {            hash: function (pw) {               static #hash(pw) {
 *     exports.hash = (pw) =>       this.hash = function (pw) {         export default class Hash
 */
export function functionNameAt(lines: readonly string[], line1: number, column1: number): string {
  const line = lines[line1 - 1];
  if (line === undefined || line.length > 400) return '';
  const at = Math.max(0, column1 - 1);
  let best = '';
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const pattern of definitions()) {
    for (const match of line.matchAll(pattern)) {
      const name = match[1]!;
      const end = match.index + match[0].length;
      // The place must lie in the head just matched; the parameter list may begin right after it.
      if (at < match.index || at > end || NOT_A_NAME.has(name.replace('#', ''))) continue;
      const distance = end - at;
      if (distance < bestDistance) {
        best = name;
        bestDistance = distance;
      }
    }
  }
  if (best !== '') return best;
  // `const hash =` with the arrow function on the next line.
  if (/^\s*(?:async\b)?\s*(?:\(|function\b|[\w$]+\s*=>)/.test(line)) {
    return new RegExp(`(${IDENTIFIER})\\s*[=:]\\s*$`).exec(lines[line1 - 2] ?? '')?.[1] ?? '';
  }
  return '';
}

/** How far up a function's head is looked for. */
const LONGEST_FUNCTION = 400;

/**
 * Name of the function around a place inside its body, '' when the text does not say: the nearest head above that is
 * indented less than the place's line (or stands before it on the same line). Right for formatted code, which
 * originals are; an anonymous callback on the way is passed over, as its author would.
 */
export function enclosingFunctionName(lines: readonly string[], line1: number, column1: number): string {
  let indent = Number.POSITIVE_INFINITY;
  for (let line = line1; line > 0 && line > line1 - LONGEST_FUNCTION; line--) {
    const text = lines[line - 1];
    if (text === undefined || text.trim() === '' || text.length > 400) continue;
    const own = text.length - text.trimStart().length;
    if (own >= indent) continue;
    // A closing line such as `}` or `});` belongs to what ended before.
    if (line < line1 && /^\s*[})\]]/.test(text) && !/\{\s*$/.test(text)) continue;
    indent = own;
    const end = line === line1 ? column1 - 1 : text.length;
    let name = '';
    for (const pattern of definitions().slice(0, 3)) {
      for (const match of text.matchAll(pattern)) {
        const opens = /(?:\{|=>)/.test(text.slice(match.index + match[0].length - 1, end));
        if (match.index < end && opens && !NOT_A_NAME.has(match[1]!.replace('#', ''))) name = match[1]!;
      }
    }
    if (name !== '') return name;
  }
  return '';
}

/** Heads of functions, from the first word to the `(` or arrow. Made per call: `g` patterns carry state. */
function definitions(): RegExp[] {
  return [
    new RegExp(
      `(?:export\\s+)?(?:default\\s+)?(?:async\\s+)?function\\s*\\*?\\s*(${IDENTIFIER})\\s*(?:<[^()]*>)?\\(?`,
      'g',
    ),
    new RegExp(
      `(?:(?:export\\s+)?(?:const|let|var)\\s+)?(#?${IDENTIFIER})\\s*(?::[^=;,(){}]+)?[=:]\\s*(?:async\\s*)?(?:function\\b\\s*\\*?\\s*|(?:<[^()]*>)?(?=\\()|(?=${IDENTIFIER}\\s*=>))\\(?`,
      'g',
    ),
    new RegExp(
      `(?:^|[\\s;{},])(?:(?:static|async|get|set|public|private|protected|override)\\s+)*\\*?\\s*(#?${IDENTIFIER})\\s*(?:<[^()]*>)?\\((?=[^;]*(?:\\)|$)[^;]*(?:\\{|$))`,
      'g',
    ),
    new RegExp(`class\\s+(${IDENTIFIER})`, 'g'),
  ];
}
