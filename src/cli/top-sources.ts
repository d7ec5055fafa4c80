import { openSources, type SourcesFile } from '../source-map/collect-sources.ts';
import { gatherSources } from '../visit/gather-sources.ts';
import type { BlockStacksFile, StuckFile } from '../visit/raw-stack.ts';

/** What names scripts. */
export interface SourceNeeds {
  /** JSON text of a CPU profile of the main thread. */
  profile?: string | undefined;
  blockStacks?: BlockStacksFile['stacks'];
  stuck?: StuckFile | undefined;
}

/** Source maps and sources of a running process, read again only when a script appears that was not named before. */
export class TopSources {
  #file: SourcesFile | undefined;
  #scripts = '';

  /** @param pid undefined: the target is not on this machine; `roots`: folders of the user's code */
  async of(
    needs: SourceNeeds,
    pid: number | undefined,
    roots: readonly string[],
  ): Promise<ReturnType<typeof openSources>> {
    const { profile, blockStacks = [], stuck } = needs;
    const scripts = scriptsOf(needs);
    if (this.#file === undefined || scripts !== this.#scripts) {
      const profiles = profile === undefined ? [] : [{ thread: 'main', json: profile, fromMs: 0, toMs: 0 }];
      this.#file = await gatherSources(
        { profiles, blockStacks, ...(stuck === undefined ? {} : { stuck }) },
        pid,
        roots,
      );
      this.#scripts = scripts;
    }
    return openSources(this.#file, { roots });
  }
}

function scriptsOf({ profile, blockStacks = [], stuck }: SourceNeeds): string {
  const urls = new Set<string>();
  for (const { frames } of [...blockStacks, ...(stuck === undefined ? [] : [stuck])])
    for (const { url } of frames) urls.add(url);
  if (profile !== undefined) {
    const { nodes } = JSON.parse(profile) as { nodes: { callFrame: { url: string } }[] };
    for (const { callFrame } of nodes) urls.add(callFrame.url);
  }
  return [...urls].sort().join('\n');
}
