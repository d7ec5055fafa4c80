import { HolterError } from '../base/errors.ts';
import type { HeapQuestion, InstanceOrder } from './questions.ts';

const ORDERS: readonly InstanceOrder[] = ['retained', 'shallow', 'distance', 'id'];
const LONGEST_QUERY = 20_000;

/** A question as it came, checked. @throws HolterError E_USAGE for anything else */
export function readQuestion(body: unknown): HeapQuestion {
  const value = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string): string => {
    const one = value[key];
    if (typeof one !== 'string' || one.length > LONGEST_QUERY) throw notAQuestion(`${key} must be a text`);
    return one;
  };
  const whole = (key: string): number => {
    const one = value[key];
    if (!Number.isSafeInteger(one) || (one as number) < 0)
      throw notAQuestion(`${key} must be a whole number`);
    return one as number;
  };
  switch (value.ask) {
    case 'ping':
      return { ask: 'ping' };
    case 'object':
      return { ask: 'object', id: whole('id') };
    case 'query':
      return { ask: 'query', text: text('text') };
    case 'references':
    case 'retainers':
    case 'dominated':
      return { ask: value.ask, id: whole('id'), from: whole('from'), count: whole('count') };
    case 'instances': {
      const sort = ORDERS.find((one) => one === value.sort);
      if (sort === undefined) throw notAQuestion('sort must be retained, shallow, distance or id');
      return {
        ask: 'instances',
        class: text('class'),
        sort,
        up: value.up === true,
        from: whole('from'),
        count: whole('count'),
      };
    }
    default:
      throw notAQuestion('nothing that is known is asked');
  }
}

function notAQuestion(why: string): HolterError {
  return new HolterError('E_USAGE', `not a question about a heap: ${why}`);
}
