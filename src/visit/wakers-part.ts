import { closedWatches } from '../linux/epoll-watches.ts';
import type { WakersFile } from '../metrics/wakers-file.ts';
import type { StartPart } from './inside-part.ts';

/** Below this nobody asks what wakes the loop. % of one core, waiting for a CPU left out */
const BUSY_PERCENT = 20;
const MOST = 20;

/** Descriptors that wake a busy loop although they are closed; read from /proc, the target is not touched. */
export const startWakersPart: StartPart = async ({ pid }) => {
  let watches: WakersFile['watches'] | undefined;
  return {
    async middle({ mainCpuPercent }) {
      if (pid !== undefined && mainCpuPercent >= BUSY_PERCENT) watches = closedWatches(pid).slice(0, MOST);
    },
    async stop() {
      if (watches === undefined || watches.length === 0) return undefined;
      const file: WakersFile = { schema: 'holter.wakers/1', watches };
      return { name: 'wakers.json', kind: 'wakers', json: JSON.stringify(file), frames: [] };
    },
  };
};
