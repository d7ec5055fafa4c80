import type { CoreInfo } from '../render/core-info-text.ts';
import { type CoreOptions, present, withSubject } from './core-options.ts';
import type { Subject } from './stack-image.ts';

/** Options of `core info`. */
export type InfoOptions = CoreOptions & { env?: boolean; secrets?: boolean };

/** `holter core info`. @throws HolterError of openSubject */
export async function runInfo(file: string, options: InfoOptions): Promise<void> {
  await withSubject(file, 'holter core info', options, (subject) => answerInfo(subject, options));
}

/** Prints it. @throws HolterError of the readers */
export async function answerInfo(subject: Subject, options: InfoOptions): Promise<void> {
  const [
    { readStartArguments },
    { listBinaries },
    { readStacks },
    { buildStackReport },
    { findCrashReason },
    { findFatalMessage },
    { maskSecret },
    { readHeapSpaces },
  ] = await Promise.all([
    import('../postmortem/start-arguments.ts'),
    import('../postmortem/image-binaries.ts'),
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
    import('../postmortem/crash-reason.ts'),
    import('../postmortem/fatal-message.ts'),
    import('../postmortem/environment-secrets.ts'),
    import('../postmortem/heap-spaces.ts'),
  ]);
  const look = await subject.look((v8) => {
    const { image, layout } = v8;
    const start = readStartArguments(image);
    const report = image.crash === undefined ? undefined : buildStackReport(v8, readStacks(v8, {}));
    const [thread] = report?.threads ?? [];
    return {
      start,
      reason: report === undefined ? undefined : findCrashReason(v8, report),
      fatal: thread === undefined ? undefined : findFatalMessage(v8, thread),
      heaps: readHeapSpaces(v8),
      fixed: {
        name: image.name,
        pid: image.pid,
        nodeVersion: layout.nodeVersion,
        v8Version: layout.v8Version,
        isKnownV8: layout.isKnown,
        executable: image.executable,
        ...(image.crash === undefined ? {} : { crash: image.crash }),
        threads: image.threads.length,
        memoryBytes: image.mappings.reduce((sum, { start: from, end }) => sum + end - from, 0),
        binaries: listBinaries(image),
        problems: [...new Set([...image.problems, ...v8.problems])],
      },
    };
  });
  const { start, reason, fatal, heaps, fixed } = look.result;
  const environment = start?.environment ?? [];
  const live = subject.kind === 'process' ? await readLive(subject.pid) : undefined;
  // A core does not tell where it stood; where it was started is in its environment.
  const cwd = live?.cwd ?? environment.find((one) => one.startsWith('PWD='))?.slice('PWD='.length);
  const info: CoreInfo = {
    ...fixed,
    kind: subject.kind,
    at: subject.at,
    ...(look.pausedMs === undefined ? {} : { pausedMs: look.pausedMs }),
    argv: start?.argv ?? [],
    ...(reason === undefined ? {} : { reason: reason.text }),
    ...(reason?.exception === undefined ? {} : { exception: reason.exception }),
    ...(fatal === undefined ? {} : { fatal }),
    ...(cwd === undefined ? {} : { cwd, isCwdOfStart: live === undefined }),
    ...(live?.upSeconds === undefined ? {} : { upSeconds: live.upSeconds }),
    ...(live?.limits === undefined ? {} : { limits: live.limits }),
    heaps,
    ...(options.env === true && start !== undefined
      ? { environment: options.secrets === true ? environment : environment.map(maskSecret) }
      : {}),
  };
  const { buildInfoJson, renderCoreInfo } = await import('../render/core-info-text.ts');
  await present(
    options,
    () => buildInfoJson(info),
    (style) => renderCoreInfo(info, style),
  );
}

/** What only the kernel knows of a process, and only while it lives. */
async function readLive(pid: number): Promise<{
  cwd: string | undefined;
  upSeconds: number | undefined;
  limits: import('../linux/process-limits.ts').ProcessLimit[] | undefined;
}> {
  const [{ readLimits }, { readLinkIfAny, readTextIfAny, PROC }, { readProcessStat }] = await Promise.all([
    import('../linux/process-limits.ts'),
    import('../linux/proc-file.ts'),
    import('../linux/process-stat.ts'),
  ]);
  const stat = readProcessStat(pid);
  const uptime = Number.parseFloat(readTextIfAny(`${PROC}/uptime`) ?? '');
  // USER_HZ is 100 on every Linux that Node runs on.
  const upSeconds = stat === undefined ? Number.NaN : uptime - stat.startTicks / 100;
  return {
    cwd: readLinkIfAny(`${PROC}/${pid}/cwd`),
    upSeconds: Number.isFinite(upSeconds) ? upSeconds : undefined,
    limits: readLimits(pid),
  };
}
