import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { get } from 'node:http';
import type { DoctorReport } from '../../src/doctor/report.ts';
import { runDoctor } from './built.ts';
import { compileTarget } from './compiled-target.ts';
import { readExpectation, type TargetExpectation } from './target-expectation.ts';
import { load, type NodeMajor, startTarget, type TargetProcess } from './target-process.ts';

export interface Diagnosis {
  report: DoctorReport;
  expected: TargetExpectation;
}

/**
 * Starts a program with the load and the trigger it asks for, gives what the doctor says, and ends it. Several may run at
 * once when each target has an inspector port of its own (`nodeArgs: ['--inspect-port=0']`).
 * @param look at the target while it is loaded, after the doctor has left
 */
export async function diagnose(
  file: string,
  node: NodeMajor,
  options: { args?: string[]; nodeArgs?: string[]; look?: (target: TargetProcess) => Promise<void> } = {},
): Promise<Diagnosis> {
  const expected = readExpectation(file);
  const runnable = file.endsWith('.ts') ? compileTarget(file) : file;
  const nodeArgs = [...(expected.nodeArgs ?? []), ...(options.nodeArgs ?? [])];
  const target = await startTarget(runnable, {
    node,
    nodeArgs,
    ...(expected.env === undefined ? {} : { env: expected.env }),
  });
  const burners: ChildProcess[] = [];
  const enough = new AbortController();
  try {
    if (expected.starve !== undefined) {
      // On one CPU together with busy neighbours: short of CPU whatever machine this is.
      spawnSync('taskset', ['-a', '-p', '-c', '0', String(target.pid)]);
      for (let i = 0; i < expected.starve; i++)
        burners.push(spawn('taskset', ['-c', '0', process.execPath, '-e', 'for(;;);'], { stdio: 'ignore' }));
    }
    if (expected.trigger !== undefined) get(target.url + expected.trigger).on('error', () => {});
    const loading =
      expected.load &&
      load(target.url + expected.load.path, { ...expected.load, seconds: 60, signal: enough.signal });
    // Ended by us: what it measured nobody asks for.
    loading?.catch(() => {});
    // Past the start: a second of load, so that the window sees what a production process shows.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const report = await runDoctor([String(target.pid), ...(options.args ?? ['-d', '5s'])]);
    await options.look?.(target);
    return { report, expected };
  } finally {
    enough.abort();
    for (const burner of burners) burner.kill('SIGKILL');
    await target.stop();
  }
}

/** `kind: title` of each finding and the verdict, for messages of failed tests. */
export function findingsOf({ findings, verdict }: DoctorReport): string {
  return `findings: ${findings.map(({ kind, title }) => `${kind}: ${title}`).join('; ')} | ${verdict}`;
}
