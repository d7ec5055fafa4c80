import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { HolterError } from '../base/errors.ts';
import { formatBytes } from '../base/quantity.ts';
import { shellWord } from './paths.ts';
import { openLive, type Subject, type SubjectOptions } from './stack-image.ts';

/**
 * What the first argument of `core …` names: a core file, or a live process (pid, name, :port) that is stopped for a moment
 * for each question.
 * @throws HolterError of openCore and of target/resolve
 */
export async function openSubject(word: string, verb: string, options: SubjectOptions): Promise<Subject> {
  if (!isFile(word)) {
    if (/^\d+$|^:\d+$/.test(word) || !looksLikePath(word)) return openLive(word, verb, options.signal);
    throw new HolterError('E_FILE_NOT_FOUND', `there is no file ${word}`, {
      hint: 'a core file, or a process: holter ps lists them',
    });
  }
  const [{ openCore }, { openV8 }, { filesOfCore }] = await Promise.all([
    import('../postmortem/core-file.ts'),
    import('../postmortem/open-v8.ts'),
    import('../postmortem/target-files.ts'),
  ]);
  const image = await openCore(word, {
    ...(options.exe === undefined ? {} : { executable: options.exe }),
    ...(options.sysroot === undefined ? {} : { sysroot: options.sysroot }),
    signal: options.signal,
    onProgress: ({ done, of, unpacked }) =>
      options.onProgress?.(`unpacking ${formatBytes(done)} of ${formatBytes(of)} → ${formatBytes(unpacked)}`),
  });
  let v8: ReturnType<typeof openV8> | undefined;
  return {
    kind: 'core',
    word: shellWord(word),
    name: basename(word),
    pid: image.pid,
    command: '',
    cwd: process.cwd(),
    at: statSync(word).mtime.toISOString(),
    readFile: filesOfCore(options.sysroot),
    async look(read) {
      v8 ??= openV8(image);
      return { result: await read(v8), at: performance.now(), wasStopped: false };
    },
    close: () => image.close(),
  };
}

function isFile(word: string): boolean {
  // A number is a pid even where a file is called so: `./4711` names the file.
  if (/^\d+$/.test(word)) return false;
  // A folder may be called like a process; as a path it is what was meant, and refused with its own words.
  return existsSync(word) && (word.includes('/') || !statSync(word).isDirectory());
}

function looksLikePath(word: string): boolean {
  return word.includes('/') || /\.(core|gz|zst|lz4)$|^core(\.|$)/.test(word);
}
