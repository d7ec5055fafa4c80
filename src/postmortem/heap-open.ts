import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';
import { allPages, CopyRoom, copyHeap } from './heap-copy.ts';
import { areaBytes, type HeapPages } from './heap-page.ts';
import { findHeapPages } from './heap-pages.ts';
import type { Looked } from './live-v8.ts';
import type { V8Reader } from './v8-reader.ts';

/** The heap of a core, or a copy of that of a process, which runs on meanwhile. */
export interface OpenedHeap {
  v8: V8Reader;
  pages: HeapPages;
  /** Of a process: how long it stood. */
  pausedMs?: Milliseconds;
}

/** A core or a process that can be looked at, any number of times. */
export interface HeapSource {
  kind: 'core' | 'process';
  name: string;
  look<T>(read: (v8: V8Reader) => T | Promise<T>): Promise<Looked<T>>;
}

/** What copying the heap of a process will cost it. */
export interface CopyNeed {
  bytes: Bytes;
  /** Measured: 0.3 to 0.6 s for 640 MB. */
  pauseMs: Milliseconds;
}

const PAUSE_PER_BYTE: Milliseconds = 1000 / 1e9;

/**
 * Finds the pages of V8's heap; of a process they are copied while it stands, so that what follows costs it nothing.
 * @param agree is told what the copy will cost before the process stands still for it; what it throws ends this
 * @throws HolterError E_TOO_LITTLE_MEMORY: the copy does not fit; E_NO_MATCH: no page was found; of `look`
 */
export async function openHeap(
  source: HeapSource,
  agree: (need: CopyNeed) => void | Promise<void> = () => {},
): Promise<OpenedHeap> {
  const first = await source.look((v8) => ({ v8, pages: findHeapPages(v8) }));
  const { pages } = first.result;
  if (pages.isolates.length === 0)
    throw new HolterError('E_NO_MATCH', `no page of V8's heap was found in ${source.name}`, {
      hint:
        source.kind === 'core'
          ? 'the core is cut, or was made without anonymous memory: holter core info tells what it holds'
          : 'it begins or ends: try again',
    });
  if (source.kind === 'core') return first.result;
  const bytes = areaBytes(allPages(pages));
  await agree({ bytes, pauseMs: bytes * PAUSE_PER_BYTE });
  const room = new CopyRoom(bytes);
  const { result, pausedMs } = await source.look((v8) => {
    const now = findHeapPages(v8);
    return { v8: copyHeap(v8, now, room), pages: now };
  });
  return { ...result, pausedMs: (first.pausedMs ?? 0) + (pausedMs ?? 0) };
}
