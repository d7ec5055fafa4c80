import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadTargetFile } from './stack-sources.ts';

/** What a script or a map is called; a script name is the target's word and must not make us read anything else. */
const CODE = /\.(?:[cm]?[jt]sx?|map|vue|svelte|coffee)$/i;
const FILE_LIMIT_BYTES = 64 * 2 ** 20;

/** Source files as a live process sees them: in a container they lie under its root. */
export function filesOfProcess(pid: number): ReadTargetFile {
  const root = existsSync(`/proc/${pid}/root/`) ? `/proc/${pid}/root` : '';
  return (path) => readCode(`${root}${path}`);
}

/** Source files for a core: under a folder that mirrors its machine, else as they are here. */
export function filesOfCore(sysroot: string | undefined): ReadTargetFile {
  return (path) => (sysroot === undefined ? undefined : readCode(join(sysroot, path))) ?? readCode(path);
}

function readCode(path: string): Buffer | undefined {
  if (!CODE.test(path)) return undefined;
  try {
    const entry = statSync(path);
    // A pipe or a device would keep us waiting for ever.
    if (!entry.isFile() || entry.size > FILE_LIMIT_BYTES) return undefined;
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
