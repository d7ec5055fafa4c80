/** HTTP requests that wait for their answer; sent as text, so nothing of this module's scope may be used. */
export interface UnansweredWatch {
  /** Begun since, and about how many of these are not answered. */
  counts(): { requests: number; unanswered: number };
  undo(): void;
}

/** Counts requests, and follows a sample of about 60 a second by weak references to their responses. */
export function watchUnanswered(
  builtin: (name: 'diagnostics_channel') => typeof import('node:diagnostics_channel'),
): UnansweredWatch {
  interface Response {
    writableFinished?: boolean;
    destroyed?: boolean;
  }
  const CHANNEL = 'http.server.request.start';
  const channels = builtin('diagnostics_channel');
  let requests = 0;
  let since = 0;
  let every = 1;
  let until = 1;
  let due: { ref: WeakRef<object>; weight: number }[] = [];
  const begun = (message: unknown): void => {
    requests++;
    since++;
    if (--until > 0) return;
    until = every;
    const { response } = message as { response?: object };
    if (response !== undefined && due.length < 5000) due.push({ ref: new WeakRef(response), weight: every });
  };
  channels.subscribe?.(CHANNEL, begun);
  return {
    counts() {
      due = due.filter(({ ref }) => {
        const response = ref.deref() as Response | undefined;
        return response !== undefined && response.writableFinished !== true && response.destroyed !== true;
      });
      every = Math.max(1, Math.ceil(since / 15));
      since = 0;
      return { requests, unanswered: due.reduce((sum, { weight }) => sum + weight, 0) };
    },
    undo() {
      channels.unsubscribe?.(CHANNEL, begun);
      due = [];
    },
  };
}
