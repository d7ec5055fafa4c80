import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { HolterError } from '../base/errors.ts';
import { formatBytes, formatDuration } from '../base/quantity.ts';
import { buildTakenCoreJson, renderTakenCore } from '../render/core-take-text.ts';
import { bestPacking, type CorePacking } from '../visit/core-pack.ts';
import { type CoreNeed, takeCore } from '../visit/core-visit.ts';
import { ask } from './ask.ts';
import { parseChoice, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shellWord, shorten } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

/** Options of `core take`. */
export interface CoreTakeOptions {
  out?: string;
  jsHeapOnly?: boolean;
  /** true: the best this Node can. */
  compress?: string | true;
  drain?: string;
  undrain?: string;
  yes?: boolean;
  json?: boolean;
  color: boolean;
}

/** Longer pauses are asked about, as those of heap snapshots are. */
const ASK_FROM_MS = 500;
const ENDING: Readonly<Record<CorePacking, string>> = { gzip: '.gz', zstd: '.zst' };

/**
 * `holter core take`: a core file of a live process.
 * @throws HolterError of target/resolve and takeCore; E_USAGE: a long pause and nobody to ask
 */
export async function runCoreTake(target: string, options: CoreTakeOptions): Promise<ExitCode> {
  const packing =
    options.compress === undefined
      ? undefined
      : options.compress === true
        ? bestPacking()
        : parseChoice(options.compress, '--compress', ['gzip', 'zstd'] as const);
  const { resolveTarget } = await import('../target/resolve.ts');
  const found = await resolveTarget(target);
  if (found.kind === 'inspector')
    throw new HolterError(
      'E_USAGE',
      `core take reads the memory of a process of this machine, not of ${found.url}`,
      {
        hint: 'give a pid, a name or a :port; holter ps lists them',
      },
    );
  const { pid, info } = found;
  const path = resolve(options.out ?? freeName(`core.${pid}`, packing === undefined ? '' : ENDING[packing]));
  const signal = abortOnSignals();
  const progress = startProgress(`holter core take ${pid}`, undefined);
  try {
    const taken = await takeCore({
      pid,
      path,
      jsHeapOnly: options.jsHeapOnly === true,
      ...(packing === undefined ? {} : { packing }),
      ...(options.drain === undefined ? {} : { drain: options.drain }),
      ...(options.undrain === undefined ? {} : { undrain: options.undrain }),
      by: HOLTER_VERSION,
      signal,
      onStep: (text) => progress.step(text),
      agree: async (need) => {
        const isAgreed = await agree(need, options, signal, () => progress.end());
        if (isAgreed && process.stderr.isTTY)
          process.stderr.write(
            `pause about ${formatDuration(need.pauseMs)} for ${formatBytes(need.bytes)}\n`,
          );
        return isAgreed;
      },
    });
    progress.end();
    const word = shellWord(shorten(path));
    const document = {
      ...taken,
      path: shorten(path),
      name: info.name,
      next: [`holter core bt ${word}`, `holter core info ${word}`],
    };
    await print(
      options.json
        ? (await import('../render/json-document.ts')).renderJsonDocument(buildTakenCoreJson(document))
        : renderTakenCore(document, terminalStyle(!options.color)),
    );
    // The core is there; a service that did not come back is no success.
    return taken.problems.some((problem) => problem.includes('--undrain')) ? 1 : 0;
  } finally {
    progress.end();
  }
}

async function agree(
  need: CoreNeed,
  options: CoreTakeOptions,
  signal: AbortSignal,
  quiet: () => void,
): Promise<boolean> {
  if (options.yes === true || need.pauseMs <= ASK_FROM_MS) return true;
  quiet();
  const what = `a core of ${formatBytes(need.bytes)} stops the process for about ${formatDuration(need.pauseMs)}`;
  const answer = await ask(
    `A${what.slice(1)}\n(${formatBytes(need.freeBytes)} free on disk). Go on?`,
    signal,
  );
  if (answer === undefined)
    throw new HolterError('E_USAGE', what, {
      hint: 'add --yes to agree; --drain CMD takes it out of service before',
    });
  return answer;
}

/** As gcore names cores; an older one of the same process is not replaced unasked. */
function freeName(name: string, ending: string): string {
  if (!existsSync(name + ending)) return name + ending;
  for (let number = 2; ; number++) {
    const other = `${name}-${number}${ending}`;
    if (!existsSync(other)) return other;
  }
}
