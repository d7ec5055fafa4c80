import { formatBytes, formatDuration, formatNumber, formatShare } from '../base/quantity.ts';
import { cleanText, shortenPath, textWidth, truncate } from '../base/terminal-text.ts';
import type { CallTree } from '../cpu/call-tree.ts';
import { type FlameLayout, layoutFlame } from '../cpu/flame-layout.ts';
import { FLAME_SVG_STYLE } from './flame-svg-style.ts';
import { pageRoomOfFrame, ROOM_NAMES } from './frame-room.ts';
import { PAGE_ROOMS, type PageRoom } from './page-data.ts';
import { shortPath } from './short-path.ts';

export interface FlameSvgOptions {
  title: string;
  /** Second line: target, duration, samples. */
  subtitle?: string;
  /** Folder of the target: paths below it are shown without it. */
  cwd?: string;
  /** px, default 1200. */
  width?: number;
  /** Leaves idle time out, and says so. */
  hideIdle?: boolean;
  /** A weight in words; default by the tree's unit: `181 ms`, `2.4 MB`, `42 samples`. */
  unitText?: (weight: number) => string;
}

const MARGIN = 24;
const ROW = 20;
const BOX = 19;
const FIRST_ROW = 92;
/** Deeper stacks are cut: nobody scrolls further, and recursion may go 10 000 deep. */
const DEEPEST = 180;
const NARROWEST = 0.4;
/** px a character of the code font takes at 12 px; what fonts differ by is kept free on the right. */
const CELL = 7.25;
/** Narrower boxes have no text, and those without a tooltip cannot be pointed at anyway. */
const TEXT_FROM = 26;
const TOOLTIP_FROM = 1;
/** Characters of a name or path that can matter to a reader. */
const LONGEST_TEXT = 240;
const SIZE_LIMIT = 1_900_000;

/**
 * Draws a call tree as a self-contained flame graph (SVG 1.1, callers above): nothing to run or to load, tooltips as
 * `<title>`, colours of the page, dark where the reader's system is. Boxes below 0.4 px are merged, and wider ones
 * too where the picture would be larger than 2 MB; levels below 180 are left out with a note.
 */
export function renderFlameSvg(tree: CallTree, options: FlameSvgOptions): string {
  const width = Math.max(320, options.width ?? 1200);
  const drawing: Drawing = {
    tree,
    width,
    cwd: options.cwd ?? '',
    rooms: Array.from({ length: tree.frames.length }, (_, row) => pageRoomOfFrame(tree.frames, row)),
    unitText: options.unitText ?? unitTextOf(tree),
  };
  for (let minWidth = NARROWEST; ; minWidth *= 2) {
    const layout = layoutFlame(tree, {
      width: width - 2 * MARGIN,
      minWidth,
      hideIdle: options.hideIdle === true,
      maxDepth: DEEPEST,
    });
    const svg = renderLayout(drawing, layout, options);
    if (svg.length <= SIZE_LIMIT || minWidth > width) return svg;
  }
}

interface Drawing {
  tree: CallTree;
  width: number;
  cwd: string;
  /** By row of the frame table. */
  rooms: PageRoom[];
  unitText: (weight: number) => string;
}

function renderLayout(drawing: Drawing, layout: FlameLayout, options: FlameSvgOptions): string {
  const { tree, width } = drawing;
  const notes = notesOf(tree, layout, options, drawing.unitText);
  const below = FIRST_ROW + layout.levels * ROW;
  const height = below + 12 + notes.length * 18 + (notes.length > 0 ? 8 : 4);
  const cells = Math.floor((width - 2 * MARGIN) / CELL);
  const title = truncate(cleanText(options.title.slice(0, LONGEST_TEXT)), Math.floor(cells * 0.8));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(`${title}: flame graph`)}">`,
    `<style>${FLAME_SVG_STYLE}</style>`,
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0v5"/></pattern></defs>',
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN}" y="34">${escapeXml(title)}</text>`,
    `<text class="subtitle" x="${MARGIN}" y="54">${escapeXml(truncate(cleanText((options.subtitle ?? '').slice(0, LONGEST_TEXT)), cells))}</text>`,
    renderLegend(drawing, layout, options.hideIdle === true),
    renderBoxes(drawing, layout),
    ...notes.map(
      (note, at) => `<text class="note" x="${MARGIN}" y="${below + 24 + at * 18}">${escapeXml(note)}</text>`,
    ),
    '</svg>\n',
  ].join('\n');
}

function notesOf(
  tree: CallTree,
  layout: FlameLayout,
  options: FlameSvgOptions,
  unitText: (weight: number) => string,
): string[] {
  const notes: string[] = [];
  const idle = tree.total[0]! - layout.total;
  if (options.hideIdle === true && idle > 0) notes.push(`Idle time (${unitText(idle)}) is left out.`);
  if (layout.deeper > 0) {
    notes.push(
      `Stacks go deeper than ${DEEPEST} levels: ${unitText(layout.deeper)} is spent below the last row.`,
    );
  }
  if (tree.partial !== undefined) notes.push(`From part of the data: ${cleanText(tree.partial)}.`);
  return notes;
}

/** Rooms with their share of the weight on top of the stacks. */
function renderLegend({ tree, rooms }: Drawing, layout: FlameLayout, hideIdle: boolean): string {
  const shares = new Map<PageRoom, number>();
  for (let node = 0; node < tree.length; node++) {
    const room = rooms[tree.frame[node]!]!;
    shares.set(room, (shares.get(room) ?? 0) + tree.self[node]!);
  }
  if (hideIdle) shares.delete('idle');
  let x = MARGIN;
  const out: string[] = [];
  for (const room of PAGE_ROOMS) {
    const weight = shares.get(room) ?? 0;
    if (layout.total <= 0 || weight / layout.total < 0.0005) continue;
    const text = `${ROOM_NAMES[room]} ${formatShare(weight / layout.total)}`;
    out.push(`${swatch(room, x, 68)}<text class="legend" x="${x + 18}" y="78">${escapeXml(text)}</text>`);
    x += 18 + text.length * 6.3 + 18;
  }
  return `<g>${out.join('')}</g>`;
}

function swatch(room: PageRoom, x: number, y: number): string {
  const at = `x="${round(x)}" y="${y}" width="12" height="12" rx="2"`;
  return `<rect class="${room}" ${at}/>${room === 'gc' ? `<rect class="hatched" ${at}/>` : ''}`;
}

function renderBoxes(drawing: Drawing, layout: FlameLayout): string {
  const { tree, rooms } = drawing;
  const wide: string[] = [];
  /** Boxes without tooltip, as one path per room. */
  const thin = new Map<PageRoom, string[]>();
  for (let box = 0; box < layout.length; box++) {
    const width = layout.width[box]!;
    const room = rooms[tree.frame[layout.node[box]!]!]!;
    if (width >= TOOLTIP_FROM) {
      wide.push(renderBox(drawing, layout, box, room));
      continue;
    }
    const path = thin.get(room) ?? [];
    thin.set(room, path);
    const y = FIRST_ROW + layout.depth[box]! * ROW;
    path.push(`M${round(MARGIN + layout.x[box]!)} ${y}h${round(width)}v${BOX}h-${round(width)}z`);
  }
  const paths = [...thin].map(([room, path]) => `<path class="${room} thin" d="${path.join('')}"/>`);
  return [...paths, ...wide].join('\n');
}

function renderBox(drawing: Drawing, layout: FlameLayout, box: number, room: PageRoom): string {
  const { tree, unitText } = drawing;
  const node = layout.node[box]!;
  const merged = layout.merged[box]!;
  const row = tree.frame[node]!;
  const left = MARGIN + layout.x[box]!;
  const width = layout.width[box]!;
  const y = FIRST_ROW + layout.depth[box]! * ROW;
  const share = width / (layout.width[0]! || 1);
  // A gap of up to half a pixel tells neighbours apart.
  const drawn = Math.max(0.3, width - Math.min(0.5, width * 0.2));
  const rectangle = `x="${round(left)}" y="${y}" width="${round(drawn)}" height="${BOX}"`;
  const name = node === 0 ? 'all' : cleanText(tree.frames.name[row]!.slice(0, LONGEST_TEXT));
  const place = node === 0 ? unitText(layout.total) : placeOf(tree, row, drawing.cwd);
  const own = node === 0 ? layout.total : tree.total[node]!;
  const weight = `${unitText(merged > 0 ? share * layout.total : own)}, ${formatShare(share)}`;
  const tooltip =
    merged > 0
      ? `${formatNumber(merged)} more below ${name}, each too narrow to be drawn\n${weight}`
      : `${name}${place === '' || node === 0 ? '' : `\n${place}`}\n${weight}; itself ${unitText(tree.self[node]!)}`;
  const kind = merged > 0 ? 'merged' : node === 0 ? 'all' : room;
  const rounded = drawn > 6 ? ' rx="2"' : '';
  const hatched = kind === 'gc' ? `<rect class="hatched" ${rectangle}${rounded}/>` : '';
  const text = merged > 0 || width < TEXT_FROM ? '' : renderText(name, place, share, left, y, width);
  return `<g><title>${escapeXml(tooltip)}</title><rect class="${kind}" ${rectangle}${rounded}/>${hatched}${text}</g>`;
}

/** Name; path when there is room; share on the right when there is more. */
function renderText(
  name: string,
  place: string,
  share: number,
  left: number,
  y: number,
  width: number,
): string {
  const cells = Math.floor((width - 10) / CELL);
  const shown = truncate(name, cells);
  if (shown !== name && textWidth(shown) < 5) return '';
  const baseline = y + 14;
  let text = `<text x="${round(left + 5)}" y="${baseline}">${escapeXml(shown)}`;
  let free = cells - textWidth(shown) - 2;
  const percent = formatShare(share);
  const shareShown = free >= percent.length;
  if (shareShown) free -= percent.length + 2;
  if (place !== '' && free >= 12) {
    text += ` <tspan class="place">${escapeXml(shortenPath(place, Math.min(free, 60)))}</tspan>`;
  }
  text += '</text>';
  if (shareShown) {
    text += `<text class="share" x="${round(left + width - 6)}" y="${baseline}">${escapeXml(percent)}</text>`;
  }
  return text;
}

function placeOf(tree: CallTree, row: number, cwd: string): string {
  const file = shortPath(tree.frames.file[row]!, cwd).slice(-LONGEST_TEXT);
  if (file === '') return '';
  const line = tree.frames.line[row]!;
  return cleanText(line > 0 ? `${file}:${line}` : file);
}

function unitTextOf(tree: CallTree): (weight: number) => string {
  if (tree.unit === 'microseconds') return (weight) => formatDuration(weight / 1000);
  if (tree.unit === 'bytes') return formatBytes;
  return (weight) => `${formatNumber(weight)} ${weight === 1 ? 'sample' : 'samples'}`;
}

/** Two decimals are a fiftieth of what can be seen. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Text from the target for an element or attribute. What XML 1.0 does not allow has become an escape before, or goes. */
function escapeXml(text: string): string {
  return text
    .replace(/[\ufffe\uffff]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
