import { CATALOGUE, type CatalogueEntry } from '../probe/provider-catalogue.ts';
import type { ReadyScript } from '../probe/record-scripts.ts';

/** The table of `holter probe -l`: probes, then their arguments in order. */
export function renderProbeList(entries: readonly CatalogueEntry[] = CATALOGUE): string {
  const rows = entries.map((one) => ({
    probe: [one.provider, one.module, one.function, one.name].join(':'),
    args: one.args.map(({ name, text }) => (text === '' ? name : `${name} (${text})`)).join(', '),
    text: one.text,
  }));
  const width = Math.max(5, ...rows.map(({ probe }) => probe.length));
  return `${'PROBE'.padEnd(width)}  FIRES WHEN; ARGUMENTS arg0, arg1 … BY NAME\n${rows
    .map(
      ({ probe, args, text }) =>
        `${probe.padEnd(width)}  ${text}${args === '' ? '' : `\n${' '.repeat(width)}    ${args}`}\n`,
    )
    .join('')}`;
}

/** The table of `holter probe --scripts`. */
export function renderScripts(scripts: readonly ReadyScript[]): string {
  const width = Math.max(...scripts.map(({ name }) => name.length));
  return scripts.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}\n`).join('');
}
