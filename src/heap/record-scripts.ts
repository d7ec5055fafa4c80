import type { Session } from '../cdp/session.ts';

/**
 * URL of every script a thread has loaded, by script id. Node tells them only when the debugger is switched on, which
 * stalls the thread for 10-20 ms; it is switched off again at once.
 * @throws HolterError of the session
 */
export async function nameScripts(session: Session): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  const off = session.on('Debugger.scriptParsed', ({ scriptId, url }) => void urls.set(scriptId, url));
  try {
    await session.send('Debugger.enable', {}, { timeoutMs: 10_000 });
  } finally {
    off();
    await session.send('Debugger.disable', undefined, { timeoutMs: 5000 }).catch(() => {});
  }
  return urls;
}
