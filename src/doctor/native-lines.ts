import { formatPercent } from '../base/quantity.ts';
import type { NativeStacksFile } from '../perf/native-stacks.ts';
import type { EvidenceLine } from './report.ts';

const MOST = 3;
/** Less than so much of the CPU time outside JavaScript is nothing to speak of. */
const LEAST_OUTSIDE = 0.4;

/** Places of a busy thread as perf saw them: what most of it is under (`uv__io_poll < uv_run`), then the heaviest. */
export function nativeStackLines(native: NativeStacksFile | undefined): EvidenceLine[] {
  if (native === undefined) return [];
  const { common, top } = native;
  const places = [
    ...(common === undefined ? [] : [{ ...common, word: 'under' }]),
    ...top.map((place) => ({ ...place, word: 'in' })),
  ];
  return places.slice(0, MOST).map(({ frames, share, word }) => ({
    signal: 'native stack',
    value: Math.round(share * 1000) / 10,
    unit: 'text',
    limit: null,
    sense: 'above',
    text: `${formatPercent(share * 100)} of its CPU time ${word} ${frames.slice(0, 4).join(' < ')}.`,
  }));
}

/** How much of the CPU time is not JavaScript, and where; nothing when that is little. */
export function outsideLines(native: NativeStacksFile | undefined): EvidenceLine[] {
  if (native === undefined) return [];
  const { kernel, native: cpp, gc } = native.share;
  if (kernel + cpp + gc < LEAST_OUTSIDE) return [];
  return [
    {
      signal: 'CPU time outside JavaScript',
      value: Math.round((kernel + cpp + gc) * 1000) / 10,
      unit: 'text',
      limit: null,
      sense: 'above',
      text: `${formatPercent(100 * (kernel + cpp + gc))} of its CPU time is not JavaScript: ${formatPercent(100 * cpp)} native code, ${formatPercent(100 * kernel)} kernel, ${formatPercent(100 * gc)} garbage collection.`,
    },
  ];
}
