import { formatNumber } from '../base/quantity.ts';
import { cleanText, paint, type Role, textWidth } from '../base/terminal-text.ts';
import type { ObjectValue, Property, Value } from '../postmortem/value.ts';

export interface ValueTextOptions {
  /** Cells a line may take; objects that do not fit are broken into a line per property. */
  columns: number;
  color: boolean;
  /** Addresses of objects whose properties are not shown, to go on with `core inspect`. */
  addresses?: boolean;
  /** Characters of one string, 2000 by default; the model may hold fewer. */
  mostText?: number;
  /** Lines of the whole, 400 by default; a last line says how many were left out. */
  mostLines?: number;
}

/** Objects within objects that are drawn; deeper models are cut. Values nest by JSON of the target's choice. */
const DEEPEST = 32;

/**
 * A value as `util.inspect` would show it, lines without a final line break. What was cut says so; control characters of
 * strings are escaped. Colours by role only, so text without colour tells the same.
 */
export function renderValue(value: Value, options: ValueTextOptions): string {
  const lines = draw(value, options.columns, 0, options).split('\n');
  const most = options.mostLines ?? 400;
  if (lines.length <= most) return lines.join('\n');
  const left = `… ${formatNumber(lines.length - most)} more lines`;
  return [...lines.slice(0, most), paint(options, 'dim', left)].join('\n');
}

/** On one line of at most `columns` cells, cut where it is longer. */
export function renderValueLine(value: Value, options: ValueTextOptions): string {
  for (const depth of [3, 1]) {
    const text = flat(value, options, depth);
    if (textWidth(text) <= options.columns) return text;
  }
  const short = { ...options, mostText: Math.max(8, options.columns - 40) };
  return value.type === 'object' && value.isCycle !== true && (value.properties?.length ?? 0) > 0
    ? partial(value, short)
    : flat(value, short, 0);
}

/** Keys that tell what an object is about, in this order, when there is no room for all. */
const TELLING: readonly string[] = (
  'method url originalUrl path statusCode status id name code message key type kind event command sql text query ' +
  'host hostname port size length count state'
).split(' ');

/** The properties that tell most, as many as fit. */
function partial(value: ObjectValue, options: ValueTextOptions): string {
  if (LISTS.has(value.kind) || SELF_TOLD.has(value.kind)) return flat(value, options, 0);
  const head = headText(value, options);
  const lead = head === '' ? '' : `${head} `;
  const rank = ({ key, kind, value: held }: Property): number => {
    const told = kind === 'property' ? TELLING.indexOf(key) : -1;
    const isPlain =
      held !== undefined && held.type !== 'object' && held.type !== 'undefined' && held.type !== 'null';
    if (told >= 0 && isPlain) return told;
    return (key.startsWith('_') || /^Symbol\(/.test(key) ? 400 : 100) + (isPlain ? 0 : 200);
  };
  const ordered = (value.properties ?? [])
    .map((property, index) => ({ property, index, rank: rank(property) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index);
  let text = '';
  for (const { property } of ordered) {
    const item = `${keyText(property, value, options)}${flatProperty(property, options, 0)}`;
    const next = text === '' ? item : `${text}, ${item}`;
    if (textWidth(`${lead}{ ${next}, … }`) > options.columns) continue;
    text = next;
  }
  return text === '' ? flat(value, options, 0) : `${lead}{ ${text}, … }`;
}

function draw(value: Value, columns: number, depth: number, options: ValueTextOptions): string {
  if (depth > DEEPEST) return paint(options, 'dim', '…');
  if (value.type !== 'object' || value.properties === undefined || value.properties.length === 0)
    return flat(value, options, 0);
  const oneLine = flat(value, options, 3);
  // util.inspect breaks at 72 cells or at more than a few properties too; here only the width counts.
  if (textWidth(oneLine) <= Math.min(columns, 72) && !oneLine.includes(CUT)) return oneLine;
  const [open, close] = brackets(value);
  const items = value.properties.map((property) => {
    const key = keyText(property, value, options);
    const indent = textWidth(key);
    return `  ${indentLines(`${key}${drawProperty(property, columns - 2 - Math.min(indent, 20), depth, options)}`)}`;
  });
  const more = moreText(value);
  if (more !== '') items.push(`  ${paint(options, 'dim', more)}`);
  const head = headText(value, options);
  return `${head === '' ? '' : `${head} `}${open}\n${items.join(',\n')}\n${close}`;
}

function indentLines(text: string): string {
  return text.replaceAll('\n', '\n  ');
}

/** Stands for properties that a single line has no room for. */
const CUT = '[…]';

function flat(value: Value, options: ValueTextOptions, depth: number): string {
  if (value.type !== 'object') return primitiveText(value, options);
  const { properties } = value;
  const head = headText(value, options);
  if (value.isCycle) return paint(options, 'note', `[Circular ${cleanText(value.className)}]`);
  if (properties === undefined) return foldedText(value, head, options);
  const [open, close] = brackets(value);
  const lead = head === '' ? '' : `${head} `;
  const more = moreText(value);
  if (properties.length === 0 && more === '') {
    // A function or a date without properties of its own is its head alone.
    if (SELF_TOLD.has(value.kind)) return head;
    return `${lead}${open}${close}`;
  }
  if (depth <= 0) return SELF_TOLD.has(value.kind) ? head : `${lead}${open} ${CUT} ${close}`;
  const items = properties.map(
    (property) => `${keyText(property, value, options)}${flatProperty(property, options, depth - 1)}`,
  );
  if (more !== '') items.push(paint(options, 'dim', more));
  return `${lead}${open} ${items.join(', ')} ${close}`;
}

/** Kinds whose head says all that matters when there are no properties. */
const SELF_TOLD: ReadonlySet<ObjectValue['kind']> = new Set([
  'function',
  'class',
  'date',
  'regexp',
  'error',
  'boxed',
  'weakmap',
  'weakset',
  'internal',
]);

function foldedText(value: ObjectValue, head: string, options: ValueTextOptions): string {
  const at = options.addresses ? paint(options, 'dim', ` @${hexAddress(value.address)}`) : '';
  if (SELF_TOLD.has(value.kind) || value.kind === 'typed-array') return `${head}${at}`;
  const size =
    value.length === undefined || value.kind === 'map' || value.kind === 'set' ? '' : `(${value.length})`;
  return `${paint(options, 'note', `[${cleanText(value.className) || 'Object'}${value.kind === 'map' || value.kind === 'set' ? `(${value.length ?? '?'})` : size}]`)}${at}`;
}

function drawProperty(property: Property, columns: number, depth: number, options: ValueTextOptions): string {
  const accessor = accessorText(property, options);
  if (accessor !== undefined) return accessor;
  return property.value === undefined
    ? paint(options, 'dim', '<not read>')
    : draw(property.value, columns, depth + 1, options);
}

function flatProperty(property: Property, options: ValueTextOptions, depth: number): string {
  const accessor = accessorText(property, options);
  if (accessor !== undefined) return accessor;
  return property.value === undefined
    ? paint(options, 'dim', '<not read>')
    : flat(property.value, options, depth);
}

function accessorText({ get, set }: Property, options: ValueTextOptions): string | undefined {
  if (get === undefined && set === undefined) return undefined;
  const words = [get === undefined ? '' : 'Getter', set === undefined ? '' : 'Setter'].filter(Boolean);
  return paint(options, 'note', `[${words.join('/')}]`);
}

/** `name: `, `'a key': `, `'k' => `, nothing for elements that stand in order. */
function keyText(property: Property, owner: ObjectValue, options: ValueTextOptions): string {
  const { key, kind } = property;
  if (kind === 'entry') {
    if (owner.kind === 'set' || owner.kind === 'weakset') return '';
    const left = property.keyValue === undefined ? quote(key, 120) : flat(property.keyValue, options, 1);
    return `${left} => `;
  }
  if (kind === 'element')
    return LISTS.has(owner.kind) && isInOrder(property, owner) ? '' : `${cleanText(key)}: `;
  if (kind === 'internal') return paint(options, 'dim', `${cleanText(key)}: `);
  if (kind === 'private') return `${cleanText(key)}: `;
  if (/^Symbol\(/.test(key)) return `[${paint(options, 'ok', cleanText(key))}]: `;
  const name = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? key : quote(key, 120);
  return property.isEnumerable === false ? `[${name}]: ` : `${name}: `;
}

const LISTS: ReadonlySet<ObjectValue['kind']> = new Set(['array', 'typed-array', 'arguments']);

/** Elements whose index is their place in the list need no key: only after a hole it is told. */
function isInOrder(property: Property, owner: ObjectValue): boolean {
  const list = owner.properties ?? [];
  const index = Number(property.key);
  return list[index] === property;
}

function brackets(value: ObjectValue): [string, string] {
  return LISTS.has(value.kind) ? ['[', ']'] : ['{', '}'];
}

/** What stands before the bracket: `Session`, `Map(2)`, `[Function: load] app/x.js:3:1`, the text of a date. */
function headText(value: ObjectValue, options: ValueTextOptions): string {
  const name = cleanText(value.className);
  const text = value.text === undefined ? '' : cleanText(value.text);
  const say = (role: Role, words: string): string => paint(options, role, words);
  const place = value.place === undefined ? '' : say('dim', ` ${cleanText(value.place)}`);
  switch (value.kind) {
    case 'function':
      return `${say('note', text === '' ? `[${name || 'Function'} (anonymous)]` : `[${name || 'Function'}: ${text}]`)}${place}`;
    case 'class':
      return `${say('note', `[class ${text || '(anonymous)'}]`)}${place}`;
    case 'date':
    case 'regexp':
      return say(value.kind === 'date' ? 'note' : 'crit', text || name);
    case 'error':
      return say('crit', text === '' ? name : text.startsWith(name) ? `[${text}]` : `[${name}: ${text}]`);
    case 'array':
      return `${name === 'Array' ? '' : name}${(value.length ?? 0) > 6 || name !== 'Array' ? `(${value.length ?? '?'})` : ''}`;
    case 'map':
    case 'set':
      return `${name}(${value.length ?? '?'})`;
    case 'typed-array':
    case 'array-buffer':
      return `${name}(${value.length ?? '?'})${text === '' ? '' : ` <${spacedHex(text)}${moreBytes(value, text)}>`}`;
    case 'promise':
      return `${name}${text === '' ? '' : ` ${say('note', `<${text}>`)}`}`;
    case 'boxed':
      return say('note', `[${name}: ${text}]`);
    case 'weakmap':
    case 'weakset':
      return `${name} ${say('note', `{ <${value.length === undefined ? 'items unknown' : `${value.length} items`}> }`)}`;
    case 'internal':
    case 'context':
      return say('dim', `<${name}${text === '' ? '' : ` ${text}`}>`);
    case 'object':
      return name === 'Object' ? '' : name;
    default:
      return text === '' ? name : `${name} ${text}`;
  }
}

function spacedHex(text: string): string {
  return /^[0-9a-f]+$/i.test(text) ? text.replace(/..(?=.)/g, '$& ') : text;
}

function moreBytes(value: ObjectValue, hex: string): string {
  const shown = Math.floor(hex.replaceAll(' ', '').length / 2);
  const left = (value.length ?? 0) - shown;
  return value.className === 'Buffer' && left > 0 ? ` … ${formatNumber(left)} more bytes` : '';
}

function moreText(value: ObjectValue): string {
  const listed = value.properties?.length ?? 0;
  if (value.propertyCount === undefined || value.propertyCount <= listed) return '';
  return `… ${formatNumber(value.propertyCount - listed)} more`;
}

function primitiveText(value: Exclude<Value, ObjectValue>, options: ValueTextOptions): string {
  const say = (role: Role, text: string): string => paint(options, role, text);
  switch (value.type) {
    case 'undefined':
      return say('dim', 'undefined');
    case 'null':
      return say('title', 'null');
    case 'hole':
      return say('dim', '<empty>');
    case 'optimized-out':
      return say('dim', '<optimized out>');
    case 'boolean':
      return say('warn', String(value.value));
    case 'number':
      return say('warn', Object.is(value.value, -0) ? '-0' : String(value.value));
    case 'bigint':
      return say('warn', `${value.value}n`);
    case 'symbol':
      return say('ok', `Symbol(${cleanText(value.description)})`);
    case 'string': {
      const most = options.mostText ?? 2000;
      const shown = Math.min(value.text.length, most);
      const left = value.length - shown;
      const cut = left > 0 ? say('dim', ` … ${formatNumber(left)} more characters`) : '';
      return `${say('ok', quote(value.text, most))}${cut}`;
    }
    case 'unreadable':
      return say('dim', `<unreadable ${hexAddress(value.address)}: ${cleanText(value.why)}>`);
  }
}

/** In quotes as JavaScript would write it: the kind of quote that needs no escape. */
function quote(text: string, most: number): string {
  const shown = text.length > most ? text.slice(0, most) : text;
  const mark = shown.includes("'") ? (shown.includes('"') ? '`' : '"') : "'";
  const escaped = shown
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(mark, `\\${mark}`);
  return `${mark}${cleanText(escaped)}${mark}`;
}

/** `0x2f3ac1`; `?` for what is no address. */
export function hexAddress(address: number): string {
  return Number.isFinite(address) && address >= 0 ? `0x${address.toString(16)}` : '?';
}
