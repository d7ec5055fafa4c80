import type { Bytes, Milliseconds } from '../base/units.ts';

/** What looking at the whole heap of a thread costs the process: known before it is done. */
export interface HeapNeed {
  what: 'snapshot' | 'histogram';
  usedHeapBytes: Bytes;
  /** Memory the process will take on top of what it has. */
  needBytes: Bytes;
  /** What it may still take; NaN when nobody knows. */
  availableBytes: Bytes;
  /** Where the room ends. */
  limitedBy: 'cgroup' | 'machine' | 'unknown';
  /** How long the thread will probably do nothing else. */
  pauseMs: Milliseconds;
  /** False when it would probably be killed; true also when nobody knows. */
  fits: boolean;
}

export interface HeapNeedInput {
  usedHeapBytes: Bytes;
  /** Node's major version, 0 unknown. */
  nodeMajor: number;
  /** Limit and use of the tightest control group; absent = no limit. Reclaimable: file pages the kernel gives up. */
  cgroup?: { limitBytes: Bytes; usageBytes: Bytes; reclaimableBytes: Bytes };
  /** MemAvailable; NaN unknown. */
  machineAvailableBytes: Bytes;
}

/** Pauses from here on are asked about. */
export const ASK_FROM_MS: Milliseconds = 500;

/**
 * V8 builds nodes, edges and an id map of everything in memory: 10–12 × a heap of small objects was measured, whoever
 * writes the file, and what waits to be sent comes on top (bench/heap/capture.mjs). Node 18: 12 and 16.
 */
const SNAPSHOT_FACTOR = 13;
const SNAPSHOT_FACTOR_18 = 16;
/** Handles, an array and a shape name per object: 1.8–1.9 measured. */
const HISTOGRAM_FACTOR = 2;
/** Milliseconds per MB of used heap, small objects; 50–95 measured. */
const SNAPSHOT_MS_PER_MB = 70;
/** The V8 of Node 18 searches strings linearly while it writes. */
const SNAPSHOT_MS_PER_MB_18 = 600;
const HISTOGRAM_MS_PER_MB = 14;
/** What even an empty heap costs. */
const LEAST_BYTES = 30e6;

/**
 * Whether a process survives a heap snapshot or a class count, and how long it stands still. Pure. The tighter of control
 * group and machine decides.
 */
export function estimateNeed(what: HeapNeed['what'], input: HeapNeedInput): HeapNeed {
  const { usedHeapBytes, nodeMajor, cgroup, machineAvailableBytes } = input;
  const megabytes = usedHeapBytes / 1e6;
  const isSnapshot = what === 'snapshot';
  const isOld = nodeMajor > 0 && nodeMajor < 20;
  const perMegabyte = !isSnapshot ? HISTOGRAM_MS_PER_MB : isOld ? SNAPSHOT_MS_PER_MB_18 : SNAPSHOT_MS_PER_MB;
  const factor = !isSnapshot ? HISTOGRAM_FACTOR : isOld ? SNAPSHOT_FACTOR_18 : SNAPSHOT_FACTOR;
  const needBytes = usedHeapBytes * factor + LEAST_BYTES;
  const inGroup =
    cgroup === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(0, cgroup.limitBytes - Math.max(0, cgroup.usageBytes - cgroup.reclaimableBytes));
  const onMachine = Number.isFinite(machineAvailableBytes) ? machineAvailableBytes : Number.POSITIVE_INFINITY;
  const room = Math.min(inGroup, onMachine);
  const isKnown = Number.isFinite(room);
  return {
    what,
    usedHeapBytes,
    needBytes,
    availableBytes: isKnown ? room : Number.NaN,
    limitedBy: !isKnown ? 'unknown' : inGroup <= onMachine ? 'cgroup' : 'machine',
    pauseMs: megabytes * perMegabyte,
    fits: !isKnown || needBytes <= room,
  };
}
