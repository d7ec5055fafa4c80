import type { ClosedWatch } from '../linux/epoll-watches.ts';

/** `wakers.json` of a recording: descriptors that epoll reports events for although the process has closed them. */
export interface WakersFile {
  schema: 'holter.wakers/1';
  watches: ClosedWatch[];
}
