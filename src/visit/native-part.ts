import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFile } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { findPerf } from '../linux/perf-tool.ts';
import { summariseNativeStacks } from '../perf/native-stacks.ts';
import { openPerfData } from '../perf/open-perf-data.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import { startPerfRecord } from './perf-record.ts';

const SECONDS = 1;
const HZ = 499;

/**
 * A second of `perf` on a process whose main thread is busy: what V8's profiler calls native, program or idle has names
 * then. For root, where perf is installed; everybody else does without.
 * @returns what was done, for the list of acts; undefined: nothing
 */
export async function recordNativeStacks(
  pid: number,
  writer: RecordingWriter,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (process.geteuid?.() !== 0 || signal.aborted) return undefined;
  const path = `${writer.folder}/perf.data`;
  try {
    const tool = await findPerf();
    const perf = await startPerfRecord({ tool, pid, path, hz: HZ, offCpu: false });
    try {
      await sleep(SECONDS * 1000, undefined, { signal }).catch(() => {});
    } finally {
      await perf.stop();
    }
    const source = openFile(path);
    try {
      const { profiles, symbols } = openPerfData(source, {});
      const main = profiles.find(({ name }) => name.endsWith(` ${pid}`)) ?? profiles[0]!;
      await writer.addWritten(
        { name: 'perf.data', kind: 'perf-data' },
        async (file) => (await stat(file)).size,
      );
      await writer.add({ name: 'perf-symbols.json', kind: 'perf-symbols' }, JSON.stringify(symbols));
      await writer.add(
        { name: 'native-stacks.json', kind: 'native-stacks' },
        JSON.stringify(summariseNativeStacks(main.tree)),
      );
    } finally {
      source.close();
    }
    return `perf record for ${SECONDS} s, ${HZ} samples a second`;
  } catch (error) {
    // Without it the verdict stands, with less to show.
    if (error instanceof HolterError) return undefined;
    throw error;
  }
}
