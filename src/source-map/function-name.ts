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
 * where V8 puts a function. Reads one line, and the one before for a head broken after `=`.
 *
 *     function hash(pw) {          const hash = async (pw) => {        hash(pw) {
 *     async *hash(pw) {            hash: function (pw) {               static #hash(pw) {
 *     exports.hash = (pw) =>       this.hash = function (pw) {         export default class Hash
 */
export function functionNameAt(lines: readonly string[], line1: number, column1: number): string {
  const line = lines[line1 - 1];
  if (line === undefined || line.length > 2000) return '';
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

/** Heads of functions, from the first word to the `(` or arrow. Made per call: `g` patterns carry state. */
function definitions(): RegExp[] {
  return [
    new RegExp(`(?:async\\s+)?function\\s*\\*?\\s*(${IDENTIFIER})\\s*(?:<[^()]*>)?\\(?`, 'g'),
    new RegExp(
      `(#?${IDENTIFIER})\\s*(?::[^=;,(){}]+)?[=:]\\s*(?:async\\s*)?(?:function\\b\\s*\\*?\\s*|(?:<[^()]*>)?(?=\\()|(?=${IDENTIFIER}\\s*=>))\\(?`,
      'g',
    ),
    new RegExp(
      `(?:^|[\\s;{},])(?:(?:static|async|get|set|public|private|protected|override)\\s+)*\\*?\\s*(#?${IDENTIFIER})\\s*(?:<[^()]*>)?\\((?=[^;]*(?:\\)|$)[^;]*(?:\\{|$))`,
      'g',
    ),
    new RegExp(`class\\s+(${IDENTIFIER})`, 'g'),
  ];
}
