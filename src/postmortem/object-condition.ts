import { HolterError } from '../base/errors.ts';

/** What a property must be: `age > 50`. */
export interface ObjectCondition {
  /** Names of properties, each of the value before: `['address', 'city']`. Private ones with their `#`. */
  path: string[];
  operator: '=' | '!=' | '<' | '>' | '<=' | '>=';
  /** Undefined: there is no such property, or it is undefined. */
  value: number | string | boolean | null | undefined;
}

/** A property as it is compared; `object` stands for anything that is no primitive. */
export type ComparedValue = number | string | boolean | null | undefined | { object: true };

const NAME = /^\s*(#?[\p{ID_Start}$_][\p{ID_Continue}$]*|\d+|\["(?:[^"\\]|\\.)*"\])/u;
const NEXT_NAME = /^(?:\.(#?[\p{ID_Start}$_][\p{ID_Continue}$]*)|\[(\d+)\]|(\["(?:[^"\\]|\\.)*"\]))/u;
const OPERATOR = /^\s*(===?|!==?|<=|>=|<|>|=)/;
const VALUE =
  /^\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|Infinity)|NaN|true|false|null|undefined)(?=\s|$)/i;
const AND = /^\s+(?:and|&&)\s+/i;

/**
 * Reads `age > 50 and name = 'Ada' and address.city != null`: all of it must hold.
 * @throws HolterError E_USAGE: it cannot be understood; the hint says from where on
 */
export function parseConditions(text: string): ObjectCondition[] {
  const conditions: ObjectCondition[] = [];
  let rest = text;
  const fail = (wanted: string): never => {
    throw new HolterError(
      'E_USAGE',
      `cannot read the condition at «${rest.trim() || 'its end'}»: ${wanted}`,
      {
        hint: "for example: age > 50 and name = 'Ada' and owner.id != null",
      },
    );
  };
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    rest = rest.slice(match[0].length);
    return match.slice(1).find((group) => group !== undefined) ?? '';
  };
  for (;;) {
    const path = [unquoted(take(NAME) ?? fail('the name of a property is missing'))];
    for (let name = take(NEXT_NAME); name !== undefined; name = take(NEXT_NAME)) path.push(unquoted(name));
    const operator = (take(OPERATOR) ?? fail('one of = != < > <= >= is missing')).replace(
      /^(=|!)=+$/,
      (_all, first) => (first === '!' ? '!=' : '='),
    ) as ObjectCondition['operator'];
    const value = literal(
      take(VALUE) ?? fail('a number, a quoted text, true, false, null or undefined is missing'),
    );
    if (!/=/.test(operator.replace(/[<>]=?/, '')) && typeof value !== 'number' && typeof value !== 'string')
      fail(`${operator} compares numbers and texts only`);
    conditions.push({ path, operator, value });
    if (rest.trim() === '') return conditions;
    if (take(AND) === undefined) fail('after a condition comes «and»');
  }
}

/** Whether a property holds a condition. Numbers are compared with numbers, texts with texts; anything else is unequal. */
export function holds({ operator, value }: ObjectCondition, found: ComparedValue): boolean {
  if (operator === '=') return found === value || (Number.isNaN(value) && Number.isNaN(found as number));
  if (operator === '!=') return !holds({ path: [], operator: '=', value }, found);
  const isComparable =
    (typeof found === 'number' && typeof value === 'number') ||
    (typeof found === 'string' && typeof value === 'string');
  if (!isComparable) return false;
  const [a, b] = [found as number, value as number];
  if (operator === '<') return a < b;
  if (operator === '>') return a > b;
  return operator === '<=' ? a <= b : a >= b;
}

function unquoted(name: string): string {
  return name.startsWith('[') ? unescaped(name.slice(2, -2)) : name;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}

function literal(text: string): ObjectCondition['value'] {
  const words: Record<string, ObjectCondition['value']> = {
    true: true,
    false: false,
    null: null,
    undefined: undefined,
    nan: Number.NaN,
  };
  const word = text.toLowerCase();
  if (word in words) return words[word];
  if (/^['"]/.test(text)) return unescaped(text.slice(1, -1));
  return Number(text);
}
