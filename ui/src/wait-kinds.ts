import type { PageParty, PageSite, PageWait, PageWaits } from '../../src/render/page-waits.ts';

/** Kinds of waits as the page calls them; the class `wait-<kind>` has their colour. */
export const KIND_LABELS: Record<PageWait['kind'], string> = {
  peer: 'upstream',
  'http-client': 'HTTP request',
  connect: 'connect',
  dns: 'DNS',
  fs: 'file',
  pool: 'thread pool',
  child: 'child process',
  timer: 'timer',
  immediate: 'immediate',
  promise: 'own queue or lock',
  'http-server': 'served request',
  other: 'other',
};

/** Without requests nothing tells an await on something known from one on the program's own promise. */
export function kindLabel(kind: PageWait['kind'], basis: PageWaits['basis']): string {
  return kind === 'promise' && basis === 'window' ? 'await' : KIND_LABELS[kind];
}

export const PARTY_LABELS: Record<PageParty, string> = {
  user: 'your code',
  dependency: 'dependency',
  core: 'node core',
  unknown: 'not known',
};

/** Class of the swatch of a party: the page's colours of rooms. */
export function partyBox(party: PageParty): string {
  return `box box-${party === 'unknown' ? 'idle' : party}`;
}

/** `app/orders.mjs:10`; '' without a line. */
export function placeOf(site: PageSite | undefined): string {
  return site === undefined ? '' : site.line > 0 ? `${site.file}:${site.line}` : site.file;
}

/** `loadStock  app/orders.mjs:10`. */
export function lineText(site: PageSite | undefined): string {
  if (site === undefined) return 'line not sampled';
  return `${site.function || '(anonymous)'}  ${placeOf(site)}`;
}
