import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Draws a /proc in a temporary folder for tests: keys are paths below it, values the text; a value that starts with
 * `-> ` becomes a symbolic link. Returns the folder and how to remove it.
 */
export function drawProc(files: Record<string, string>): { proc: string; remove: () => void } {
  const proc = mkdtempSync(join(tmpdir(), 'holter-proc-'));
  for (const [name, text] of Object.entries(files)) {
    const path = join(proc, name);
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), path);
    else writeFileSync(path, text);
  }
  return { proc, remove: () => rmSync(proc, { recursive: true, force: true }) };
}

/** A `stat` line with the fields tests care about. */
export function drawStat(stat: {
  pid: number;
  comm?: string;
  state?: string;
  ppid?: number;
  threads?: number;
  start?: number;
}): string {
  const { pid, comm = 'node', state = 'S', ppid = 1, threads = 7, start = 1000 } = stat;
  return `${pid} (${comm}) ${state} ${ppid} 1 1 0 -1 4194304 0 0 0 0 250 50 0 0 20 0 ${threads} 0 ${start} 1000000 2000 18446744073709551615\n`;
}

/** A `status` file with the fields tests care about; masks in hex without 0x. */
export function drawStatus(status: {
  state?: string;
  uid?: number;
  blocked?: string;
  ignored?: string;
  caught?: string;
  pids?: string;
}): string {
  const {
    state = 'S (sleeping)',
    uid = 1000,
    blocked = '0',
    ignored = '0000000001001000',
    caught = '0000000100004602',
  } = status;
  return `Name:\tnode
State:\t${state}
TracerPid:\t0
Uid:\t${uid}\t${uid}\t${uid}\t${uid}
NSpid:\t${status.pids ?? '4711'}
VmRSS:\t   61440 kB
Threads:\t11
SigBlk:\t${blocked.padStart(16, '0')}
SigIgn:\t${ignored}
SigCgt:\t${caught}
Cpus_allowed_list:\t0-2,5
voluntary_ctxt_switches:\t42
nonvoluntary_ctxt_switches:\t7
`;
}
