/** Finds the tags of a page. For every `<` without a `>` it looks to the end of the text again: quadratic. */
export function parseHtml(html) {
  const tags = [];
  for (let at = 0; at < html.length; at++) {
    if (html[at] !== '<') continue;
    const tag = readTag(html, at);
    if (tag !== undefined) tags.push(tag);
  }
  return tags;
}

function readTag(html, from) {
  let name = '';
  for (let at = from + 1; at < html.length; at++) {
    if (html[at] === '>') return name;
    if (name.length < 20) name += html[at];
  }
  return undefined;
}
