import type { SourceMaps } from '../source-map/source-map.ts';
import type { CallTree } from './call-tree.ts';

/** What holter can read a profile from, by the name it is called in messages. */
export const PROFILE_FORMATS = {
  cpuprofile: 'V8 CPU profile (.cpuprofile)',
  'chrome-trace': 'Chrome trace with CPU profile chunks',
  heapprofile: 'V8 sampled allocation profile (.heapprofile)',
  'v8-log': 'V8 isolate log processed by node --prof-process --preprocess',
  folded: 'folded stacks (FlameGraph)',
  'perf-script': 'text of perf script',
  'perf-data': 'perf.data (Linux perf)',
  pprof: 'pprof protocol buffer',
  speedscope: 'speedscope JSON',
} as const;
export type ProfileFormat = keyof typeof PROFILE_FORMATS;

/** One thread, process or sample type of a profile file. */
export interface NamedTree {
  /** `main`, `worker 3 resize`, `node 4711`, `inuse_space`: what tells it from the others of the file. */
  name: string;
  tree: CallTree;
}

/** A profile file read: at least one tree, the most interesting one first. */
export interface ProfileFile {
  format: ProfileFormat;
  profiles: NamedTree[];
  /** ISO time of recording where the format knows it: for the warning about swapped inputs of a comparison. */
  recordedAt?: string;
  /** What was skipped or guessed, in sentences. What is cut off is in `tree.partial`. */
  notes: string[];
}

/** Options every reader takes. */
export interface ReadProfileOptions {
  /** Source maps of the target's scripts. */
  maps?: SourceMaps;
  /** CLOCK_MONOTONIC of the window's ms 0 in µs (recording.json). Default: the profile's own start. */
  startedMonotonicUs?: number;
  /** The user's own folders, see classifyLocation. */
  roots?: readonly string[];
}
