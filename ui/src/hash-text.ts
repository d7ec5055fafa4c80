import type { Grouping } from './hottest.ts';
import { readTransforms, renderTransforms, type Transform } from './transforms.ts';

/** The ways to look at a profile, in the order of the switch. */
export const LOOKS = ['flame', 'bottom-up', 'chart', 'sandwich'] as const;
export type Look = (typeof LOOKS)[number];

/** The whole view as it stands in the address: `#f=1&t=20.0-24.5&q=pbkdf2&z=812&m=self`. */
export interface View {
  /** Selected finding, 1-based; 0 = none. */
  finding: number;
  /** Time range in ms after window start: brush of the charts, and what the time-ordered chart shows. */
  brush: readonly [from: number, to: number] | null;
  query: string;
  /** Box zoomed into and box selected (flame-tree.ts, boxId), '' = none. */
  zoom: string;
  picked: string;
  ranking: 'charged' | 'self';
  grouping: Grouping;
  look: Look;
  /** Function in the middle of the sandwich, −1: the one selected. */
  sandwich: number;
  foldCore: boolean;
  asTable: boolean;
  /** Width of the boxes of a comparison. */
  widthBefore: boolean;
  /** What the colours of a comparison stand for: the function in all its stacks, or each stack. */
  colourBy: 'function' | 'stack';
  /** Rooms switched off, index into ROOMS. */
  hidden: readonly number[];
  transforms: readonly Transform[];
  /** Index of the profile shown. */
  profile: number;
  /** V8's id of the object that is looked at, on a served page of a heap; 0 none. */
  object: number;
  /** Of a page with waits: request shown, its selected wait (−1: the longest), node of the graph (−1: none). */
  request: number;
  span: number;
  node: number;
}

export const DEFAULT_VIEW: View = {
  finding: 1,
  brush: null,
  query: '',
  zoom: '',
  picked: '',
  ranking: 'charged',
  grouping: 'function',
  look: 'flame',
  sandwich: -1,
  foldCore: false,
  asTable: false,
  widthBefore: false,
  colourBy: 'function',
  hidden: [],
  transforms: [],
  profile: 0,
  object: 0,
  request: 0,
  span: -1,
  node: -1,
};

/** Address without `#`; only what differs from the first view, so that an untouched page has none. */
export function renderHash(view: View): string {
  const parts = new URLSearchParams();
  if (view.finding !== 1) parts.set('f', String(view.finding));
  if (view.brush)
    parts.set('t', view.brush.map((ms) => (ms / 1000).toFixed(6).replace(/(\.\d+?)0+$/, '$1')).join('-'));
  if (view.query) parts.set('q', view.query);
  if (view.zoom) parts.set('z', view.zoom);
  if (view.picked) parts.set('s', view.picked);
  if (view.ranking === 'self') parts.set('m', 'self');
  if (view.grouping !== 'function') parts.set('g', view.grouping);
  if (view.look === 'bottom-up') parts.set('b', '1');
  else if (view.look !== 'flame') parts.set('w', view.look);
  if (view.sandwich >= 0) parts.set('y', String(view.sandwich));
  if (view.foldCore) parts.set('c', '1');
  if (view.asTable) parts.set('v', 'table');
  if (view.widthBefore) parts.set('d', 'before');
  if (view.colourBy === 'stack') parts.set('k', 'stack');
  if (view.hidden.length > 0) parts.set('h', view.hidden.join('.'));
  if (view.transforms.length > 0) parts.set('x', renderTransforms(view.transforms));
  if (view.profile > 0) parts.set('p', String(view.profile));
  if (view.object > 0) parts.set('o', String(view.object));
  if (view.request > 0) parts.set('r', String(view.request));
  if (view.span >= 0) parts.set('e', String(view.span));
  if (view.node >= 0) parts.set('n', String(view.node));
  return parts.toString();
}

/** Any address becomes a view: what cannot be understood keeps its first value. */
export function readHash(hash: string): View {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const whole = (key: string, otherwise: number) => {
    const text = parts.get(key);
    return text !== null && /^\d{1,10}$/.test(text) ? Number(text) : otherwise;
  };
  const id = (key: string) => (/^\d{1,9}(\.\d{1,6})?$/.test(parts.get(key) ?? '') ? parts.get(key)! : '');
  const span = /^(\d{1,9}(?:\.\d{1,6})?)-(\d{1,9}(?:\.\d{1,6})?)$/.exec(parts.get('t') ?? '');
  const from = span ? Number(span[1]) * 1000 : 0;
  const to = span ? Number(span[2]) * 1000 : 0;
  const [look, grouping] = [parts.get('w'), parts.get('g')];
  return {
    finding: whole('f', 1),
    brush: to > from ? [from, to] : null,
    query: (parts.get('q') ?? '').slice(0, 500),
    zoom: id('z'),
    picked: id('s'),
    ranking: parts.get('m') === 'self' ? 'self' : 'charged',
    grouping: grouping === 'file' || grouping === 'package' ? grouping : 'function',
    look: look === 'chart' || look === 'sandwich' ? look : parts.get('b') === '1' ? 'bottom-up' : 'flame',
    sandwich: whole('y', -1),
    foldCore: parts.get('c') === '1',
    asTable: parts.get('v') === 'table',
    widthBefore: parts.get('d') === 'before',
    colourBy: parts.get('k') === 'stack' ? 'stack' : 'function',
    hidden: (parts.get('h') ?? '')
      .split('.')
      .filter((room) => /^[0-6]$/.test(room))
      .map(Number),
    transforms: readTransforms(parts.get('x') ?? ''),
    profile: whole('p', 0),
    object: whole('o', 0),
    request: whole('r', 0),
    span: whole('e', -1),
    node: whole('n', -1),
  };
}
