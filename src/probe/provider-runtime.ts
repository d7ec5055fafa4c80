import type { ProbeHost } from './provider-host.ts';

/** GC, the event loop, sockets, timers, promises and callbacks: what the runtime itself tells. Sent as text. */
export function provideRuntime(host: ProbeHost): void {
  const { PerformanceObserver, performance } = host.builtin('perf_hooks');
  const channels = host.builtin('diagnostics_channel');
  const timers = host.builtin('timers');
  const hooks = host.builtin('async_hooks');
  /** performance.now() of event times → the clock of `timestamp`. */
  const offset = host.now() - performance.now() * 1e6;

  // --- gc: told when it is over, so `timestamp` is set back to when it was
  const KINDS: Record<number, string> = {
    1: 'scavenge',
    2: 'minor-ms',
    4: 'mark-sweep-compact',
    8: 'incremental',
    16: 'weak',
  };
  const gcStart = host.attach('node', '', '', 'gc-start');
  const gcDone = host.attach('node', '', '', 'gc-done');
  if (gcStart !== null || gcDone !== null) {
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as {
        startTime: number;
        duration: number;
        detail?: { kind?: number; flags?: number };
        kind?: number;
        flags?: number;
      }[]) {
        const kind = entry.detail?.kind ?? entry.kind ?? 0;
        const flags = entry.detail?.flags ?? entry.flags ?? 0;
        const began = entry.startTime * 1e6 + offset;
        const name = KINDS[kind] ?? `kind-${kind}`;
        if (gcStart !== null) host.at(began, () => gcStart(kind, flags, name));
        if (gcDone !== null)
          host.at(began + entry.duration * 1e6, () =>
            gcDone(kind, flags, name, Math.round(entry.duration * 1e6)),
          );
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    host.onTeardown(() => observer.disconnect());
  }

  // --- event loop: how late a timer of ours is
  const delay = host.attach('loop', '', '', 'delay');
  if (delay !== null) {
    const PERIOD_NS = 20e6;
    let due = host.now() + PERIOD_NS;
    const timer = timers.setInterval(() => {
      const late = host.now() - due;
      due = host.now() + PERIOD_NS;
      if (late > 1e6) delay(Math.round(late));
    }, 20);
    timer.unref();
    host.onTeardown(() => timers.clearInterval(timer));
  }

  // --- sockets
  type Socket = {
    remoteAddress?: string;
    remotePort?: number;
    bytesRead?: number;
    bytesWritten?: number;
    once(event: string, listener: () => void): void;
    removeListener(event: string, listener: () => void): void;
  };
  const attachNet = (name: string) => host.attach('node', '', '', name) ?? host.attach('net', '', '', name);
  const served = attachNet('net-server-connection') ?? host.attach('net', '', '', 'server-connection');
  const dialled = host.attach('net', '', '', 'client-connection');
  const ended = attachNet('net-stream-end') ?? host.attach('net', '', '', 'stream-end');
  if (served !== null || dialled !== null || ended !== null) {
    const followed = new Map<Socket, () => void>();
    host.onTeardown(() => {
      for (const [socket, listener] of followed) socket.removeListener('close', listener);
      followed.clear();
    });
    const watch = (handler: ((...args: unknown[]) => void) | null) => (event: unknown) => {
      const { socket } = event as { socket: Socket };
      const { remoteAddress = '', remotePort = 0 } = socket;
      const began = host.now();
      handler?.({ remoteAddress, remotePort }, remoteAddress, remotePort);
      if (ended === null || followed.size >= 20_000) return;
      const listener = (): void => {
        followed.delete(socket);
        const { bytesRead = 0, bytesWritten = 0 } = socket;
        ended(
          { remoteAddress, remotePort },
          remoteAddress,
          remotePort,
          host.now() - began,
          bytesRead,
          bytesWritten,
        );
      };
      followed.set(socket, listener);
      socket.once('close', listener);
    };
    const names: [string, ReturnType<typeof watch>][] = [['net.server.socket', watch(served)]];
    if (dialled !== null || ended !== null) names.push(['net.client.socket', watch(dialled)]);
    for (const [name, listener] of names) {
      const channel = channels.channel(name);
      channel.subscribe(listener);
      host.onTeardown(() => {
        channel.unsubscribe(listener);
      });
    }
  }

  // --- timers, promises, callbacks: one hook, only when asked for
  const create = host.attach('timers', '', '', 'create');
  const fireTimer = host.attach('timers', '', '', 'fire');
  const timerDone = host.attach('timers', '', '', 'done');
  const promiseInit = host.attach('promises', '', '', 'init');
  const promiseSettle = host.attach('promises', '', '', 'settle');
  const before = host.attach('async', '', '', 'callback-start');
  const after = host.attach('async', '', '', 'callback-done');
  const asked = [create, fireTimer, timerDone, promiseInit, promiseSettle, before, after];
  if (asked.every((one) => one === null)) return;
  const TIMERS = new Set(['Timeout', 'Immediate']);
  const onlyTimers = before === null && after === null;
  const MOST = 50_000;
  const kinds = new Map<number, { type: string; delay: number }>();
  const running: { id: number; type: string; delay: number; began: number }[] = [];
  const born = new Map<number, number>();
  const hook = hooks.createHook({
    init(id, type, _, resource) {
      if (type === 'PROMISE') {
        promiseInit?.(id);
        if (promiseSettle !== null && born.size < MOST) born.set(id, host.now());
      }
      if (TIMERS.has(type)) {
        const wait = Number((resource as { _idleTimeout?: unknown })._idleTimeout) || 0;
        create?.(type, wait, id);
        if (kinds.size < MOST) kinds.set(id, { type, delay: wait });
      } else if (!onlyTimers && kinds.size < MOST) kinds.set(id, { type, delay: 0 });
    },
    before(id) {
      const known = kinds.get(id);
      if (known === undefined && onlyTimers) return;
      const type = known?.type ?? '(begun before)';
      const one = { id, type, delay: known?.delay ?? 0, began: host.now() };
      running.push(one);
      if (running.length === 1) before?.(type, id);
      if (TIMERS.has(type)) fireTimer?.(type, one.delay, id);
    },
    after(id) {
      const one = running[running.length - 1];
      if (one?.id !== id) return;
      running.pop();
      const ns = host.now() - one.began;
      if (TIMERS.has(one.type)) timerDone?.(one.type, one.delay, id, ns);
      // A callback within a callback is the outer one's time.
      if (running.length === 0) after?.(one.type, id, ns);
    },
    destroy(id) {
      kinds.delete(id);
      born.delete(id);
    },
    promiseResolve(id) {
      if (promiseSettle === null) return;
      const began = born.get(id);
      if (began !== undefined) promiseSettle(id, host.now() - began);
      born.delete(id);
    },
  });
  hook.enable();
  host.onTeardown(() => hook.disable());
}
