import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../base/quantity.ts';
import { type ChildResult, runChild } from '../visit/watch-child.ts';
import { diffCall, type HolterCall, holterCall } from './action-command.ts';
import type { WatchEvent } from './event.ts';
import type { EventFile } from './event-recording.ts';
import type { Action } from './rules.ts';

export interface Performed {
  ok: boolean;
  text: string;
  findings?: NonNullable<WatchEvent['findings']>;
}

export interface PerformContext {
  /** How holter is called: the program and its first arguments. */
  holter: readonly string[];
  /** A pid or the path of a core; '' when the process has ended. */
  subject: string;
  folder: string;
  event: EventFile;
  signal: AbortSignal;
}

const WEBHOOK_MS = 10_000;

/** Does one action, to its end. Never throws: what went wrong is told. */
export async function perform(action: Action, context: PerformContext): Promise<Performed> {
  if (action.do === 'webhook') return callWebhook(action.url, context);
  if (action.do === 'run') return runCommand(action, context);
  const call = holterCall(action, context.subject, context.folder);
  if (call === undefined) return { ok: false, text: `${action.do} is no capture` };
  const result = await callHolter(call, context);
  if (action.do === 'stack' && existsSync(join(context.folder, 'stack.md')) && result.ok)
    return { ok: true, text: 'stack.md' };
  if (action.do !== 'snapshot' || action.againMs === 0 || !result.ok) return result;
  const diff = await callHolter(diffCall(context.folder), context);
  return diff.ok
    ? { ok: true, text: `two snapshots, difference in heap-diff.md` }
    : { ok: false, text: `two snapshots; their difference failed: ${diff.text}` };
}

/** A doctor's visit for its findings, whatever they are. */
export async function callHolter(
  call: HolterCall,
  { holter, signal }: Pick<PerformContext, 'holter' | 'signal'>,
): Promise<Performed> {
  const result = await runChild([...holter, ...call.args], { limitMs: call.limitMs, signal });
  if (result.code !== 0) return { ok: false, text: whyFailed(result, signal) };
  const findings = call.args[0] === 'doctor' ? readFindings(result.stdout) : undefined;
  if (findings === undefined) return { ok: true, text: 'done' };
  const [worst] = findings;
  return {
    ok: true,
    text:
      worst === undefined
        ? 'doctor found nothing'
        : `doctor: ${worst.severity} ${worst.kind}: ${worst.title}`,
    findings,
  };
}

function whyFailed({ code, stderr, timedOut }: ChildResult, signal: AbortSignal): string {
  if (timedOut) return 'took too long and was ended';
  if (signal.aborted) return 'ended with the watch';
  const line = stderr
    .trim()
    .split('\n')
    .findLast((text) => text.startsWith('holter: ') || text.startsWith('error: '));
  return (
    (line ?? stderr.trim().split('\n').at(-1) ?? '').replace(/^holter: |^error: /, '') || `exit code ${code}`
  );
}

function readFindings(stdout: string): NonNullable<WatchEvent['findings']> {
  try {
    const document = JSON.parse(stdout) as { findings?: { kind: string; severity: string; title: string }[] };
    return (document.findings ?? []).map(({ kind, severity, title }) => ({ kind, severity, title }));
  } catch {
    return [];
  }
}

async function runCommand(
  { command, limitMs }: Extract<Action, { do: 'run' }>,
  { event, folder, signal }: PerformContext,
): Promise<Performed> {
  const result = await runChild(command, {
    limitMs,
    group: true,
    signal,
    env: {
      HOLTER_RULE: event.rule,
      HOLTER_PID: String(event.target.pid),
      HOLTER_NAME: event.target.name,
      HOLTER_FOLDER: folder,
      HOLTER_EVENT: JSON.stringify(event),
    },
  });
  await writeFile(join(folder, 'run.txt'), `${result.stdout}${result.stderr}`, { mode: 0o600 }).catch(
    () => {},
  );
  return result.code === 0
    ? { ok: true, text: `${command.at(-1)}: done` }
    : { ok: false, text: `${command.at(-1)}: ${whyFailed(result, signal)}` };
}

/** Only what the event is goes out: rule, process, value. No evidence. */
async function callWebhook(url: string, { event, folder, signal }: PerformContext): Promise<Performed> {
  const { host } = new URL(url);
  try {
    const body = JSON.stringify({ ...event, folder });
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_MS)]),
    });
    await answer.body?.cancel();
    return {
      ok: answer.ok,
      text: `${host} answered ${answer.status} to ${formatBytes(Buffer.byteLength(body))}`,
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { ok: false, text: `${host}: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}
