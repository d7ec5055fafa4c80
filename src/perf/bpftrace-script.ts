import { WORK_REQUEST_OFFSET } from './kernel-report.ts';

/** Addresses in the binary of what is probed; undefined: it has no such symbol. */
export interface ProbeAddresses {
  file: string;
  address(probe: string): number | undefined;
}

/**
 * The same measurements as a script for bpftrace. Probes are by address, which attaches in a quarter of the time of names
 * and works for C++ and static functions (research/perf-usdt.md §7).
 */
export function bpftraceScript(pid: number, { file, address }: ProbeAddresses): string {
  const at = (probe: string): string | undefined => {
    const found = address(probe);
    return found === undefined ? undefined : `${file}:0x${found.toString(16)}`;
  };
  const parts: string[] = [
    `#!/usr/bin/env bpftrace`,
    `// What \`holter perf kernel ${pid}\` measures, for bpftrace: sudo bpftrace FILE; Ctrl-C prints.`,
  ];
  const add = (kind: 'uprobe' | 'uretprobe', probe: string, body: string): void => {
    const place = at(probe);
    if (place === undefined) parts.push(`// ${probe}: the binary has no such symbol`);
    else parts.push(`${kind}:${place} /pid == ${pid}/ { ${body} }`);
  };
  add('uprobe', 'queue_work', `@queued[arg1 + ${WORK_REQUEST_OFFSET}] = nsecs;`);
  add('uprobe', 'submit', '@queued[arg1] = nsecs;');
  for (const kind of ['work', 'fs', 'getaddrinfo']) {
    add(
      'uprobe',
      `run_${kind}_begin`,
      `if (@queued[arg0]) { @pool_wait_us = hist((nsecs - @queued[arg0]) / 1000); delete(@queued[arg0]); } @run_${kind}[tid] = nsecs;`,
    );
    add(
      'uretprobe',
      `run_${kind}_begin`,
      `if (@run_${kind}[tid]) { @pool_${kind}_us = hist((nsecs - @run_${kind}[tid]) / 1000); delete(@run_${kind}[tid]); }`,
    );
  }
  add(
    'uprobe',
    'poll_begin',
    'if (@turn[tid]) { @loop_busy_us = hist((nsecs - @turn[tid] - @waited[tid]) / 1000); } @turn[tid] = nsecs; @waited[tid] = 0;',
  );
  add('uprobe', 'gc_begin', '@gc[tid] = nsecs; @collector[tid] = arg1;');
  add(
    'uretprobe',
    'gc_begin',
    'if (@gc[tid]) { @gc_us[@collector[tid]] = hist((nsecs - @gc[tid]) / 1000); delete(@gc[tid]); }',
  );
  parts.push(
    `tracepoint:raw_syscalls:sys_enter /pid == ${pid}/ { @call[tid] = nsecs; @number[tid] = args->id; }`,
    `tracepoint:raw_syscalls:sys_exit /pid == ${pid} && @call[tid]/ { @system_call_us[@number[tid]] = sum((nsecs - @call[tid]) / 1000); delete(@call[tid]); }`,
    // epoll: its time is no work of the loop.
    `tracepoint:syscalls:sys_enter_epoll_pwait /pid == ${pid}/ { @epoll[tid] = nsecs; }`,
    `tracepoint:syscalls:sys_exit_epoll_pwait /@epoll[tid]/ { @loop_wait_us = hist((nsecs - @epoll[tid]) / 1000); @waited[tid] += nsecs - @epoll[tid]; delete(@epoll[tid]); }`,
    `tracepoint:sched:sched_switch /pid == ${pid}/ { @away[args->prev_pid] = nsecs; @stack[args->prev_pid] = kstack; }`,
    'tracepoint:sched:sched_switch /@away[args->next_pid]/ { @off_cpu_us[@stack[args->next_pid]] = sum((nsecs - @away[args->next_pid]) / 1000); delete(@away[args->next_pid]); delete(@stack[args->next_pid]); }',
    'END { clear(@queued); clear(@turn); clear(@waited); clear(@epoll); clear(@gc); clear(@collector); clear(@call); clear(@number); clear(@away); clear(@stack); }',
  );
  return `${parts.join('\n')}\n`;
}
