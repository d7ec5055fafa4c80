import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { collectSources, type SourcesFile } from '../source-map/collect-sources.ts';
import type { InsideEvidence } from './watch-inside.ts';

/** What a script or a map is called; a script name is the target's word and must not make us read anything else. */
const CODE = /\.(?:[cm]?[jt]sx?|map|vue|svelte|coffee)$/i;
const FILE_LIMIT_BYTES = 64 * 2 ** 20;

/**
 * Source texts and maps of the scripts the evidence speaks of, read as the target sees its files: in a container they
 * lie under its root. Files that are gone or unreadable are left out. `roots`: folders that are the user's own.
 */
export function gatherSources(
  evidence: Partial<InsideEvidence>,
  pid: number | undefined,
  roots: readonly string[],
): Promise<SourcesFile> {
  return gatherScripts(weighScripts(evidence), pid, roots);
}

/** Of scripts by URL with their share of the evidence (1: wanted whatever it weighs). */
export function gatherScripts(
  weights: ReadonlyMap<string, number>,
  pid: number | undefined,
  roots: readonly string[],
): Promise<SourcesFile> {
  const scripts = [...weights].map(([url, weight]) => ({ url, weight, always: weight === 1 }));
  const root = pid !== undefined && existsSync(`/proc/${pid}/root/`) ? `/proc/${pid}/root` : '';
  return collectSources(
    scripts,
    async (path) => {
      const local = path.startsWith('file://') ? fileURLToPath(path) : path;
      if (!CODE.test(local)) return undefined;
      try {
        const entry = await stat(root + local);
        // A pipe or a device would keep us waiting for ever.
        if (!entry.isFile() || entry.size > FILE_LIMIT_BYTES) return undefined;
        return await readFile(root + local);
      } catch {
        return undefined;
      }
    },
    { roots },
  );
}

/** Script URL → share of the evidence, 0–1. Scripts named by a stack of a blocked or stuck loop count fully. */
function weighScripts({
  profiles,
  blockStacks,
  stuck,
  external,
  allocationAll,
  allocationLive,
  files,
}: Partial<InsideEvidence>): Map<string, number> {
  const weights = new Map<string, number>();
  const raise = (url: string, weight: number) => weights.set(url, Math.max(weights.get(url) ?? 0, weight));

  for (const { json } of profiles ?? []) {
    const profile = parse<{
      nodes?: { id: number; hitCount?: number; callFrame: { url: string } }[];
      samples?: number[];
    }>(json);
    const url = new Map((profile?.nodes ?? []).map(({ id, callFrame }) => [id, callFrame.url]));
    const count = new Map<string, number>();
    for (const id of profile?.samples ?? []) {
      const name = url.get(id) ?? '';
      count.set(name, (count.get(name) ?? 0) + 1);
    }
    const total = profile?.samples?.length ?? 0;
    // A frame above the sampled one has no hits of its own: it is kept, at the threshold's edge.
    for (const name of url.values())
      raise(name, total === 0 ? 0 : Math.max((count.get(name) ?? 0) / total, 0.003));
  }
  for (const json of [allocationAll, allocationLive]) {
    const stack = [parse<{ head?: HeapNode }>(json)?.head];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.selfSize > 0) raise(node.callFrame.url, 0.01);
      stack.push(...node.children);
    }
  }
  for (const { frames } of [
    ...(blockStacks ?? []),
    ...(external ?? []),
    ...(stuck === undefined ? [] : [stuck]),
  ])
    for (const { url } of frames) raise(url, 1);
  for (const { frames } of files ?? []) for (const { url } of frames) raise(url, 0.5);
  weights.delete('');
  return weights;
}

interface HeapNode {
  callFrame: { url: string };
  selfSize: number;
  children: HeapNode[];
}

function parse<T>(json: string | undefined): T | undefined {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as T);
  } catch {
    return undefined;
  }
}
