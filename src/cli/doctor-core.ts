import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { HolterError } from '../base/errors.ts';
import type { VitalSigns } from '../metrics/series.ts';
import { writeVitals } from '../metrics/vitals-file.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import { createRecording } from '../recording/write-recording.ts';
import { openSubject } from './core-subject.ts';
import { abortOnSignals } from './outcome.ts';
import { temporaryPath } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

/** First bytes of ELF files and of the ways cores are packed (gzip, zstd, LZ4). */
const MAGICS = ['7f454c46', '1f8b', '28b52ffd', '04224d18'];

/** Nothing was watched: all that is known is in the core. */
const NO_VITALS: VitalSigns = {
  seconds: 0,
  series: new Map(),
  blocked: [],
  gc: [],
  forcedGc: [],
  resources: {},
  heapSpaces: [],
};

/** Is it a file that a core can be? A pid is never one. */
export async function isCoreFile(target: string): Promise<boolean> {
  if (/^\d+$|^:/.test(target) || statSync(target, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const file = await open(target, 'r').catch(() => undefined);
  if (file === undefined) return true;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const head = buffer.subarray(0, bytesRead).toString('hex');
    return MAGICS.some((magic) => head.startsWith(magic));
  } finally {
    await file.close();
  }
}

/**
 * Reads what a core tells into a recording, which then is judged as any other.
 * @throws HolterError of openCore and the readers of postmortem/; E_WRITE
 */
export async function captureCore(path: string, out: string | undefined): Promise<RecordingWriter> {
  const signal = abortOnSignals();
  const progress = startProgress(`holter doctor ${path}`, undefined);
  try {
    const subject = await openSubject(path.includes('/') ? path : `./${path}`, 'holter doctor', {
      signal,
      onProgress: (text) => progress.step(text),
    });
    try {
      const [{ readCoreEvidence }, { readStartArguments }] = await Promise.all([
        import('../visit/core-evidence.ts'),
        import('../postmortem/start-arguments.ts'),
      ]);
      const { result } = await subject.look(async (v8) => {
        const read = await readCoreEvidence(v8, path, subject.readFile, (text) => progress.step(text));
        const start = readStartArguments(v8.image);
        const { nodeVersion, v8Version } = v8.layout;
        return { read, start, nodeVersion, v8Version, threads: v8.image.threads.length, pid: v8.image.pid };
      });
      if (signal.aborted) throw new HolterError('E_INTERRUPTED', 'interrupted');
      const { read, start, nodeVersion, v8Version, threads, pid } = result;
      const argv = start?.argv ?? [];
      const cwd = start?.environment.find((one) => one.startsWith('PWD='))?.slice('PWD='.length) ?? '';
      const script = argv.slice(1).find((word) => !word.startsWith('-'));
      const writer = await createRecording(out ?? temporaryPath(`${basename(path)}`, ''));
      const vitals = { name: 'vitals.json', kind: 'vitals' as const };
      await writer.add(vitals, writeVitals(NO_VITALS));
      await writer.add({ name: 'core.json', kind: 'core' }, JSON.stringify(read.evidence));
      await writer.add({ name: 'sources.json', kind: 'sources' }, JSON.stringify(read.sources));
      await writer.finish({
        schema: 'holter.recording/1',
        holter: HOLTER_VERSION,
        target: {
          pid,
          name: script === undefined ? basename(path) : basename(script),
          node: nodeVersion,
          v8: v8Version,
          command: argv.join(' '),
          cwd,
          startedAt: '',
          threads,
          cores: 0,
        },
        window: {
          startedAt: subject.at,
          startedMonotonicUs: 0,
          seconds: 0,
          requestedSeconds: 0,
          end: { kind: 'complete' },
        },
        access: 'outside',
        accessProblem: 'a core: nothing runs any more',
        files: [...writer.files],
        actions: [],
        inspectorOpenMs: 0,
        left: { verified: true, leftBehind: [] },
      });
      return writer;
    } finally {
      subject.close();
    }
  } finally {
    progress.end();
  }
}
