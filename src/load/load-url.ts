import { HolterError } from '../base/errors.ts';

/**
 * The URL to put load on: `http://host:3000/path`, `https://…`, `localhost:3000/path`, `:3000/path`, `3000`, and with
 * `origin` also `/path`.
 * @throws HolterError E_USAGE
 */
export function readLoadUrl(text: string, origin?: string): string {
  let url: URL;
  try {
    url = new URL(complete(text.trim()), origin);
  } catch {
    throw wrong(text);
  }
  if (!/^https?:$/.test(url.protocol) || url.hostname === '') throw wrong(text);
  url.hash = '';
  return url.href;
}

function complete(text: string): string {
  if (text.startsWith('/')) return text;
  if (/^:\d/.test(text)) return `http://localhost${text}`;
  if (/^\d+(\/|$)/.test(text)) return `http://localhost:${text}`;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

function wrong(text: string): HolterError {
  return new HolterError('E_USAGE', `${JSON.stringify(text)} is no URL to put load on`, {
    hint: 'for example holter load http://localhost:3000/path, or :3000/path',
  });
}
