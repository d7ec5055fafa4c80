import type { Bytes } from './units.ts';

/** What is known of the process looked at; filled from /proc before anything touches it. */
export interface TargetInfo {
  pid: number;
  /** Short name for people: script or process title, e.g. `api-gateway`. */
  name: string;
  /** Node version without `v`, e.g. `22.23.3`. */
  node: string;
  /** V8 version, '' when unknown. */
  v8: string;
  /** argv joined by spaces. */
  command: string;
  cwd: string;
  /** ISO time, '' when unknown. */
  startedAt: string;
  /** Number of threads when first seen. */
  threads: number;
  /** CPUs the target may use (affinity and cgroup quota), e.g. 0.5 under a quota of half a core. */
  cores: number;
  /** V8 heap_size_limit; absent when the inside was not reached. */
  heapLimitBytes?: Bytes;
  /** Memory limit of the cgroup; absent when there is none. */
  memoryLimitBytes?: Bytes;
}
