import { HolterError } from '../base/errors.ts';

/**
 * A filter of names as options take it: a text that is part of the name whatever its case, or `/…/`, a regular expression.
 * @throws HolterError E_USAGE for a broken regular expression
 */
export function parseTextFilter(text: string | undefined, option: string): (name: string) => boolean {
  if (text === undefined) return () => true;
  const pattern = /^\/(.+)\/(i?)$/.exec(text);
  if (pattern === null) {
    const wanted = text.toLowerCase();
    return (name) => name.toLowerCase().includes(wanted);
  }
  try {
    const expression = new RegExp(pattern[1]!, pattern[2]);
    return (name) => expression.test(name);
  } catch (cause) {
    throw new HolterError(
      'E_USAGE',
      `${option} ${text} is no regular expression: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
