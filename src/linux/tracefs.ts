import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, HolterError } from '../base/errors.ts';
import { PROC, readTextIfAny } from './proc-file.ts';

const PLACE = '/sys/kernel/tracing';
const PREFIX = 'holter';
/** Of each CPU; a busy event loop makes 50 000 events of 100 bytes a second. */
const BUFFER_KB = 16_384;
const ONE_READ = 1 << 16;
/** Of one call of `read`: the rest comes with the next. */
const MOST_TEXT = 16 * 2 ** 20;

/** An event that is written into the trace. */
export type TraceProbe =
  /** Of a program: where it is entered or left. `arguments` as the kernel's uprobe tracer has them (`w=%si:u64`). */
  | { kind: 'entry' | 'return'; name: string; file: string; offset: number; arguments?: string }
  /** Of the kernel: `raw_syscalls/sys_enter`. */
  | { kind: 'tracepoint'; name: string };

/** A private buffer of the kernel's tracer, with our events only. */
export interface TraceInstance {
  /** Events that could not be switched on, and why. */
  refused: { name: string; why: string }[];
  /** It was not mounted before, and is not afterwards. */
  mounted: boolean;
  /** Text of what happened since the last call, 16 MB at most; '' nothing more. */
  read(): string;
  /** No more events; what happened before can be read still. */
  pause(): void;
  /** Events that had no room. */
  lost(): number;
  /** Takes everything away. Also done by a guard when we die, however. */
  close(): Promise<void>;
}

/**
 * Sets up a private tracefs instance (Documentation/trace/ftrace.rst, uprobetracer.rst) for the threads of a process, those it starts
 * later included. All that is made has our pid in its name; a shell waits at the end of a pipe and removes it when that
 * closes, which it does at the latest when we die.
 * @throws HolterError E_PERMISSION not root; E_PLATFORM the kernel has no tracer
 */
export function openTraceInstance(tids: readonly number[], probes: readonly TraceProbe[]): TraceInstance {
  if (process.geteuid?.() !== 0)
    throw new HolterError('E_PERMISSION', "the kernel's tracer is for root only", {
      hint: 'run it with sudo',
    });
  const { root, mounted } = mountTracefs();
  removeLeftovers(root);
  const id = `${PREFIX}_${process.pid}_${randomBytes(3).toString('hex')}`;
  const instance = join(root, 'instances', id);
  const guard = startGuard(root, id, mounted);
  const refused: TraceInstance['refused'] = [];
  let pipe = -1;
  const close = async (): Promise<void> => {
    if (pipe >= 0) closeSync(pipe);
    pipe = -1;
    await guard.end();
  };
  try {
    mkdirSync(instance);
    write(join(instance, 'trace_clock'), 'mono');
    write(join(instance, 'buffer_size_kb'), String(BUFFER_KB));
    // Threads that these start are followed, too.
    write(join(instance, 'options/event-fork'), '1');
    write(join(instance, 'set_event_pid'), tids.join(' '));
    for (const probe of probes) {
      try {
        enable(root, instance, id, probe);
      } catch (error) {
        refused.push({ name: probe.name, why: reason(error) });
      }
    }
    pipe = openSync(join(instance, 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    void close();
    throw new HolterError('E_PLATFORM', `the kernel's tracer could not be set up: ${reason(error)}`, {
      hint: 'a kernel with CONFIG_FTRACE and CONFIG_UPROBE_EVENTS; holter perf --off-cpu needs neither',
      cause: error,
    });
  }
  const bytes = Buffer.allocUnsafe(ONE_READ);
  return {
    refused,
    mounted,
    read() {
      const pieces: string[] = [];
      let length = 0;
      while (pipe >= 0) {
        try {
          const count = readSync(pipe, bytes, 0, bytes.length, null);
          if (count === 0) break;
          // The kernel gives a page at a time.
          pieces.push(bytes.toString('latin1', 0, count));
          length += count;
          if (length > MOST_TEXT) break;
        } catch (error) {
          if (errnoOf(error) === 'EAGAIN') break;
          throw error;
        }
      }
      return pieces.join('');
    },
    pause() {
      write(join(instance, 'tracing_on'), '0');
    },
    lost() {
      let sum = 0;
      for (const cpu of listFolder(join(instance, 'per_cpu'))) {
        const text = readTextIfAny(join(instance, 'per_cpu', cpu, 'stats')) ?? '';
        sum +=
          Number(/^overrun: (\d+)/m.exec(text)?.[1] ?? 0) +
          Number(/^dropped events: (\d+)/m.exec(text)?.[1] ?? 0);
      }
      return sum;
    },
    close,
  };
}

/** Instances and probes of visits that died and whose guard died too. */
function removeLeftovers(root: string): void {
  for (const name of listFolder(join(root, 'instances'))) {
    const pid = /^holter_(\d+)_[0-9a-f]+$/.exec(name)?.[1];
    if (pid === undefined || existsSync(`${PROC}/${pid}`)) continue;
    spawnSync('/bin/sh', ['-c', cleanUp(root, name, false)], { stdio: 'ignore', timeout: 10_000 });
  }
}

function mountTracefs(): { root: string; mounted: boolean } {
  const mounts = readTextIfAny(`${PROC}/mounts`) ?? '';
  const found = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find((parts) => parts[2] === 'tracefs')?.[1];
  if (found !== undefined) return { root: found, mounted: false };
  if (!existsSync(PLACE))
    throw new HolterError('E_PLATFORM', 'this kernel has no tracer (tracefs)', {
      hint: 'CONFIG_FTRACE; in a container: run it on the host',
    });
  const { status, stderr } = spawnSync('mount', ['-t', 'tracefs', 'tracefs', PLACE], { encoding: 'utf8' });
  if (status !== 0)
    throw new HolterError('E_PERMISSION', `tracefs could not be mounted: ${(stderr ?? '').trim()}`, {
      hint: 'in a container: run it on the host',
    });
  return { root: PLACE, mounted: true };
}

/** Removes all that a visit made; each step may be done already. An instance is busy as long as somebody reads it. */
function cleanUp(root: string, id: string, unmount: boolean): string {
  const instance = `${root}/instances/${id}`;
  return [
    `if [ -d ${instance} ]; then`,
    `echo 0 > ${instance}/tracing_on`,
    `for e in ${instance}/events/${id}/enable ${instance}/events/raw_syscalls/enable ${instance}/events/sched/sched_switch/enable; do [ -e $e ] && echo 0 > $e; done`,
    `n=0; while [ $n -lt 50 ] && ! rmdir ${instance}; do n=$((n+1)); sleep 0.1; done`,
    'fi',
    `grep -o ':${id}/[a-z0-9_]*' ${root}/uprobe_events | while read -r p; do echo "-$p" >> ${root}/uprobe_events; done`,
    unmount ? `umount ${root}` : ':',
  ].join('\n');
}

function startGuard(root: string, id: string, unmount: boolean): { end(): Promise<void> } {
  const child = spawn('/bin/sh', ['-c', `read -r _\n${cleanUp(root, id, unmount)}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end() {
      child.ref();
      child.stdin.end();
      await gone;
    },
  };
}

function enable(root: string, instance: string, id: string, probe: TraceProbe): void {
  if (probe.kind === 'tracepoint') {
    write(join(instance, 'events', probe.name, 'enable'), '1');
    return;
  }
  const letter = probe.kind === 'entry' ? 'p' : 'r';
  const place = `${probe.file}:0x${probe.offset.toString(16)}`;
  append(
    join(root, 'uprobe_events'),
    `${letter}:${id}/${probe.name} ${place} ${probe.arguments ?? ''}`.trim(),
  );
  write(join(instance, 'events', id, probe.name, 'enable'), '1');
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
}

function append(path: string, text: string): void {
  writeFileSync(path, `${text}\n`, { flag: 'a' });
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function reason(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'ENOENT') return 'this kernel does not have it';
  return error instanceof Error
    ? error.message.replace(/,? ?(?:open|write|mkdir)? ?'[^']*'$/, '')
    : String(error);
}
