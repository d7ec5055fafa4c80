import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import { readTargetInfo } from '../target/target-info.ts';

/** What is known of a process; undefined: it has ended meanwhile. */
export function infoOf(pid: number): TargetInfo | undefined {
  try {
    return readTargetInfo(pid);
  } catch (error) {
    if (error instanceof HolterError) return undefined;
    throw error;
  }
}

/** Of what is no process, or none any more. */
export function noTarget(name: string): TargetInfo {
  return { pid: 0, name, node: '', v8: '', command: '', cwd: '', startedAt: '', threads: 0, cores: 0 };
}
