import { PAGE_ROOMS, type PageRoom } from './page-data.ts';

/** Colours of the page (ui/src/styles/tokens.css), light and dark. */
const ROOMS: Readonly<Record<PageRoom, readonly [light: string, dark: string]>> = {
  user: ['#FBBE5F', '#8E581A'],
  dependency: ['#72B0FE', '#2D69B1'],
  core: ['#BECBD4', '#5A5E64'],
  native: ['#9D6CD6', '#542693'],
  kernel: ['#429B5B', '#00420A'],
  gc: ['#D982AF', '#6A2651'],
  idle: ['#EEF1F4', '#1C222A'],
};
const LIGHT = {
  page: '#FFFFFF',
  sunk: '#F0F2F5',
  edge: '#868F9C',
  text: '#14181F',
  text2: '#475060',
  frame: '#14181F',
};
const DARK = {
  page: '#151A20',
  sunk: '#1C222A',
  edge: '#6D7786',
  text: '#E7EAEF',
  text2: '#AEB6C2',
  frame: '#FFFFFF',
};

const colours = (tokens: typeof LIGHT, theme: 0 | 1): string =>
  [
    ...PAGE_ROOMS.map((room) => `.${room}{fill:${ROOMS[room][theme]}}`),
    `svg{background:${tokens.page}}`,
    `.page{fill:${tokens.page}}`,
    `.all{fill:${tokens.sunk}}`,
    `.merged{fill:${tokens.sunk};stroke:none}`,
    `.idle{stroke:${tokens.edge}}`,
    `text{fill:${tokens.frame}}`,
    `.title{fill:${tokens.text}}`,
    `.subtitle,.legend,.note{fill:${tokens.text2}}`,
    `.hatch{stroke:${tokens.frame}}`,
  ].join('');

const FILLED = '.all,.user,.dependency,.core,.native,.kernel,.gc';
const SYSTEM = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const CODE = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

/** The style sheet of a flame graph; plain class rules, so that viewers that are not browsers show the light theme. */
export const FLAME_SVG_STYLE: string = [
  `text{font:12px ${CODE}}`,
  `.title{font:600 18px ${SYSTEM}}`,
  `.subtitle{font:13px ${SYSTEM}}`,
  `.legend,.note{font:12px ${SYSTEM}}`,
  '.place{opacity:.75}',
  '.share{text-anchor:end}',
  '.idle{stroke-dasharray:3 2}',
  '.hatch{stroke-width:1.2;opacity:.28}',
  '.hatched{fill:url(#hatch);pointer-events:none}',
  'text{pointer-events:none;white-space:pre}',
  'g:hover>rect{stroke:#1D5FC4;stroke-width:1.5;stroke-dasharray:none}',
  colours(LIGHT, 0),
  // Deep fills alone are below 3 : 1 against the surface.
  `@media (prefers-color-scheme:dark){${colours(DARK, 1)}${FILLED}{stroke:rgba(255,255,255,.34);stroke-width:.6}.thin{stroke:none}g:hover>rect{stroke:#79B0FF}}`,
  '@media print{g:hover>rect{stroke:none}}',
].join('');
