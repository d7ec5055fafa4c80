import { findHeaviestPaths, type HeaviestPath } from '../cpu/heaviest-path.ts';
import type { CpuSummary } from '../cpu/summary.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { CpuDocument } from './cpu-document.ts';
import { cpuHeadline } from './cpu-headline.ts';
import { renderJsonDocument } from './json-document.ts';

/** `holter.cpu/1`; each field in words: docs/formats/cpu-json.md. */
export interface CpuJson {
  schema: 'holter.cpu/1';
  /** The answer in a sentence, of the first profile. */
  headline: string;
  subject: { verb: string; name: string; detail: string; cwd: string };
  /** Only of recordings. */
  target?: RecordingManifest['target'];
  window?: RecordingManifest['window'];
  facts: CpuDocument['facts'];
  profiles: CpuJsonProfile[];
  load?: LoadResult;
  /** Times on and off the CPUs, where context switches were recorded. */
  threads?: CpuDocument['threads'];
  notes: readonly string[];
  /** What was done to the target, and whether it was left as it was. */
  actions?: RecordingManifest['actions'];
  left?: RecordingManifest['left'];
  files: CpuDocument['files'];
  next: CpuDocument['next'];
}

export interface CpuJsonProfile extends CpuSummary {
  name: string;
  headline: string;
  /** Heaviest stacks of the functions that weigh most. */
  paths: HeaviestPath[];
}

const MOST_PATHS = 5;

/** The `holter.cpu/1` document, `schema` first; files are whole paths as in the profile. */
export function renderCpuJson(document: CpuDocument): string {
  const { verb, name, detail, cwd, manifest, load } = document;
  const profiles = document.profiles.map(
    (profile): CpuJsonProfile => ({
      name: profile.name,
      headline: cpuHeadline(profile.summary, cwd),
      ...profile.summary,
      paths: findHeaviestPaths(profile.tree, MOST_PATHS),
    }),
  );
  const json: CpuJson = {
    schema: 'holter.cpu/1',
    headline: profiles[0]?.headline ?? '',
    subject: { verb, name, detail, cwd },
    ...(manifest === undefined ? {} : { target: manifest.target, window: manifest.window }),
    facts: document.facts,
    profiles,
    ...(load === undefined ? {} : { load }),
    ...(document.threads === undefined ? {} : { threads: document.threads }),
    notes: document.notes,
    ...(manifest === undefined ? {} : { actions: manifest.actions, left: manifest.left }),
    files: document.files,
    next: document.next,
  };
  return renderJsonDocument(json);
}
