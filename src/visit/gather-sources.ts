import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { collectSources, type SourcesFile } from '../source-map/collect-sources.ts';
import type { InsideEvidence } from './watch-inside.ts';

/**
 * Source texts and maps of the scripts the evidence speaks of, read as the target sees its files: in a container they
 * lie under its root. Files that are gone or unreadable are left out.
 */
export function gatherSources(evidence: InsideEvidence, pid: number | undefined): Promise<SourcesFile> {
  const scripts = [...weighScripts(evidence)].map(([url, weight]) => ({ url, weight, always: weight === 1 }));
  return collectSources(scripts, async (path) => {
    const local = path.startsWith('file://') ? fileURLToPath(path) : path;
    for (const candidate of pid === undefined ? [local] : [`/proc/${pid}/root${local}`, local]) {
      const content = await readFile(candidate).catch(() => undefined);
      if (content !== undefined) return content;
    }
    return undefined;
  });
}

/** Script URL → share of the evidence, 0–1. Scripts named by a stack of a blocked or stuck loop count fully. */
function weighScripts({ profiles, blockStacks, stuck, external, allocationAll, allocationLive }: InsideEvidence): Map<string, number> {
  const weights = new Map<string, number>();
  const raise = (url: string, weight: number) => weights.set(url, Math.max(weights.get(url) ?? 0, weight));

  for (const { json } of profiles) {
    const profile = parse<{ nodes?: { id: number; hitCount?: number; callFrame: { url: string } }[]; samples?: number[] }>(json);
    const url = new Map((profile?.nodes ?? []).map(({ id, callFrame }) => [id, callFrame.url]));
    const count = new Map<string, number>();
    for (const id of profile?.samples ?? []) {
      const name = url.get(id) ?? '';
      count.set(name, (count.get(name) ?? 0) + 1);
    }
    const total = profile?.samples?.length ?? 0;
    // A frame above the sampled one has no hits of its own: it is kept, at the threshold's edge.
    for (const name of url.values()) raise(name, total === 0 ? 0 : Math.max((count.get(name) ?? 0) / total, 0.003));
  }
  for (const json of [allocationAll, allocationLive]) {
    const stack = [parse<{ head?: HeapNode }>(json)?.head];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.selfSize > 0) raise(node.callFrame.url, 0.01);
      stack.push(...node.children);
    }
  }
  for (const { frames } of [...blockStacks, ...external, ...(stuck === undefined ? [] : [stuck])])
    for (const { url } of frames) raise(url, 1);
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
