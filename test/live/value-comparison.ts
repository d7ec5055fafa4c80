import type { Property, Value } from '../../src/postmortem/value.ts';

/**
 * Brings a Value and what test/targets/values/reflect.cjs printed into one form, so that they can be compared whole.
 * Reflection knows no addresses or places, and nothing of what only the engine sees: of those the printed list decides.
 */
export interface Expected {
  type: string;
  kind?: string;
  className?: string;
  text?: string;
  length?: number;
  value?: unknown;
  description?: string;
  isCycle?: boolean;
  properties?: ExpectedProperty[];
}

export interface ExpectedProperty {
  key?: string;
  kind: Property['kind'];
  value?: Expected;
  get?: Expected;
  set?: Expected;
  keyValue?: Expected;
}

const RANK: Readonly<Record<Property['kind'], number>> = {
  element: 0,
  entry: 1,
  property: 2,
  private: 3,
  internal: 4,
  variable: 5,
};

/** What was printed, in the order of `seen`. */
export function wanted(expected: Expected): Expected {
  if (expected.type !== 'object') return expected;
  const { properties, ...rest } = expected;
  if (properties === undefined) return rest;
  const inner = (value: Expected | undefined): Expected | undefined => value && wanted(value);
  return { ...rest, properties: sorted(properties.map((one) => tidy(one, inner))) };
}

/** A value as it was read, with what `expected` speaks of. */
export function seen(value: Value | undefined, expected: Expected | undefined): Expected | undefined {
  if (value === undefined) return undefined;
  if (value.type === 'number') return { type: 'number', value: number(value.value) };
  if (value.type === 'unreadable') return { type: 'unreadable', text: value.why };
  if (value.type !== 'object') {
    const { address: _address, ...rest } = value as Value & { address?: number };
    return rest as Expected;
  }
  const result: Expected = { type: 'object', kind: value.kind };
  if (value.isCycle === true) result.isCycle = true;
  for (const name of ['className', 'length', 'text'] as const) {
    if (expected !== undefined && name in expected && value[name] !== undefined) {
      Object.assign(result, { [name]: value[name] });
    }
  }
  if (value.properties === undefined || expected?.properties === undefined) return result;
  const byKey = new Map(expected.properties.map((one) => [`${one.kind}:${one.key}`, one]));
  const entries = expected.properties.filter((one) => one.kind === 'entry');
  const kept = value.properties.filter(
    ({ kind, key }) => (kind !== 'internal' && kind !== 'variable') || byKey.has(`${kind}:${key}`),
  );
  let entry = 0;
  const properties = kept.map((one) => {
    const like = one.kind === 'entry' ? entries[entry++] : byKey.get(`${one.kind}:${one.key}`);
    const plain: ExpectedProperty = { kind: one.kind };
    if (one.keyValue === undefined) plain.key = one.key;
    for (const name of ['value', 'get', 'set', 'keyValue'] as const) {
      const inner = seen(one[name], like?.[name]);
      if (inner !== undefined) plain[name] = inner;
    }
    return plain;
  });
  return { ...result, properties: sorted(properties) };
}

function tidy(
  property: ExpectedProperty,
  inner: (value: Expected | undefined) => Expected | undefined,
): ExpectedProperty {
  const plain: ExpectedProperty = { kind: property.kind };
  if (property.key !== undefined) plain.key = property.key;
  for (const name of ['value', 'get', 'set', 'keyValue'] as const) {
    const value = inner(property[name]);
    if (value !== undefined) plain[name] = value;
  }
  return plain;
}

/** By kind; what has an order in JavaScript keeps it, `stack` stands where V8's version put it. */
function sorted(properties: ExpectedProperty[]): ExpectedProperty[] {
  const hasOrder = (one: ExpectedProperty): boolean => one.kind !== 'private' && one.kind !== 'internal';
  return [...properties].sort((a, b) => {
    if (a.kind !== b.kind) return RANK[a.kind] - RANK[b.kind];
    if (hasOrder(a)) return Number(a.key === 'stack') - Number(b.key === 'stack');
    return (a.key ?? '') < (b.key ?? '') ? -1 : 1;
  });
}

function number(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}
