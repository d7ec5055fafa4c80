import { type CoreOptions, commandText, present, withSubject } from './core-options.ts';
import { parseChoice } from './options.ts';
import type { Subject } from './stack-image.ts';

/** Options of `core handles`. */
export type HandlesOptions = CoreOptions & { only?: string };

/** `holter core handles`. @throws HolterError of openSubject, E_USAGE */
export async function runHandles(file: string, options: HandlesOptions): Promise<void> {
  await withSubject(file, 'holter core handles', options, (subject) => answerHandles(subject, options));
}

/** Prints it. @throws HolterError E_USAGE */
export async function answerHandles(subject: Subject, options: HandlesOptions): Promise<void> {
  const only =
    options.only === undefined
      ? undefined
      : parseChoice(options.only, '--only', ['handles', 'requests', 'timers'] as const);
  const [{ readActiveHandles, joinEndpoint }, { readInternetSockets }] = await Promise.all([
    import('../postmortem/active-handles.ts'),
    import('../linux/sockets.ts'),
  ]);
  const look = await subject.look((v8) => ({
    loops: readActiveHandles(v8),
    nodeVersion: v8.layout.nodeVersion,
    problems: v8.problems,
  }));
  const { loops, nodeVersion } = look.result;
  const problems = [...new Set(look.result.problems)];
  if (loops.length === 0)
    problems.push('no event loop of Node was found: it begins or ends, or its stacks are missing');
  // What the kernel says of a live process counts; programs seldom ask for their addresses, and then nobody keeps them.
  if (subject.kind === 'process') {
    const sockets = readInternetSockets(subject.pid);
    for (const handle of loops.flatMap(({ handles }) => handles)) {
      const socket = handle.fd === undefined ? undefined : sockets.get(handle.fd);
      if (socket === undefined || !/^(?:TCP|UDP)/.test(handle.kind)) continue;
      handle.local = joinEndpoint(socket.local.address, String(socket.local.port));
      if (socket.peer.port > 0) handle.peer = joinEndpoint(socket.peer.address, String(socket.peer.port));
    }
  }
  const first = loops.flatMap(({ handles }) => handles)[0];
  const { buildHandlesJson, renderHandles } = await import('../render/core-handles-text.ts');
  const { hexAddress } = await import('../render/value-text.ts');
  const description = {
    kind: subject.kind,
    name: subject.name,
    pid: subject.pid,
    cwd: subject.cwd,
    nodeVersion,
    ...(look.pausedMs === undefined ? {} : { pausedMs: look.pausedMs }),
    ...(only === undefined ? {} : { only }),
    loops: loops.map((loop) => ({
      ...loop,
      thread: loop.tid === subject.pid ? 'main thread' : `worker (tid ${loop.tid})`,
    })),
    problems,
    next:
      first === undefined
        ? [commandText(subject, 'threads')]
        : [
            commandText(
              subject,
              'inspect',
              `0x${hexAddress(first.owner?.address ?? first.address).replace(/^0x/, '')}`,
            ),
          ],
  };
  await present(
    options,
    () => buildHandlesJson(description),
    (style) => renderHandles(description, style),
  );
}
