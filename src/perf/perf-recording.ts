import { HolterError } from '../base/errors.ts';

export const PERF_RECORDING_SCHEMA = 'holter.perf-recording/1';

/** Where names of JavaScript came from: `memory` = V8's code objects, read out of the process. */
export type JsNames = 'map' | 'jitdump' | 'memory' | 'none';

/** `perf.json`: how a recording was made (docs/formats/perf-recording.md). */
export interface PerfRecordingFile {
  schema: typeof PERF_RECORDING_SCHEMA;
  pid: number;
  /** `perf version 6.1.192` */
  perf: string;
  command: string[];
  /** Samples per second and thread. */
  hz: number;
  offCpu: boolean;
  /** The kernel's frames are in it; if not, why. */
  kernel: boolean;
  whyNoKernel: string;
  names: JsNames;
  threads: { tid: number; name: string; role: string }[];
}

/** @throws HolterError E_FILE_FORMAT */
export function parsePerfRecording(text: string, name: string): PerfRecordingFile {
  try {
    const value = JSON.parse(text) as PerfRecordingFile;
    if (value.schema === PERF_RECORDING_SCHEMA && Array.isArray(value.threads)) return value;
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is no JSON`, { cause });
  }
  throw new HolterError('E_FILE_FORMAT', `${name} holds no ${PERF_RECORDING_SCHEMA}`);
}
