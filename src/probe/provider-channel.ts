import type { ProbeHost } from './provider-host.ts';

/**
 * `channel`: any diagnostics_channel, tracing channels included. The fields after the provider, joined by `:`, are the
 * channel: `channel:::http.server.request.start`, `channel:undici:request:create`, `channel:tracing:name:asyncEnd`.
 * Globs match the channels Node is known to have; a channel of an application is named in full. Sent as text.
 */
export function provideChannels(host: ProbeHost, known: readonly string[]): void {
  const channels = host.builtin('diagnostics_channel');
  const names = new Set<string>();
  const isGlob = (text: string): boolean => /[*?[\]]/.test(text);
  for (const { module, function: fn, name } of host.patterns('channel')) {
    const full = [module, fn, name].filter((part) => part !== '').join(':');
    if (full === '' || isGlob(full)) for (const one of known) names.add(one);
    else names.add(full);
  }
  for (const name of names) {
    const parts = name.split(':');
    const last = parts.pop() ?? '';
    const fn = parts.pop() ?? '';
    const handler = host.attach('channel', parts.join(':'), fn, last);
    if (handler === null) continue;
    const listener = (message: unknown): void => handler(message, name);
    const channel = channels.channel(name);
    channel.subscribe(listener);
    host.onTeardown(() => {
      channel.unsubscribe(listener);
    });
  }
}
