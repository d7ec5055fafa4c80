import type { CoreEvidence, CoreFrame, CoreHolder } from '../recording/core-evidence.ts';
import { classifyLocation } from '../source-map/location.ts';
import type { Evidence } from './evidence.ts';
import { displayPath, excerptAt } from './finding.ts';
import type { SourceExcerpt, Where } from './report.ts';

/** What rules about cores have in common. */

/** Places on the stack that are the program's own, innermost first; without any, those of its packages. */
export function placesOnStack(evidence: Evidence, frames: readonly CoreFrame[]): Where[] {
  const { cwd } = evidence.manifest.target;
  const js = frames.filter(({ isNative, file }) => !isNative && file !== '');
  const places = js.map((frame) => {
    const { party, package: owner, file } = classifyLocation(frame.file, { roots: [cwd] });
    return { party, where: whereOf({ ...frame, file }, cwd, party === 'core' ? 'node' : owner) };
  });
  const own = places.filter(({ party }) => party === 'user');
  const shown = own.length > 0 ? own : places.filter(({ party }) => party === 'dependency');
  return shown.slice(0, 8).map(({ where }) => where);
}

function whereOf(
  { function: name, file, line, column }: Pick<CoreFrame, 'function' | 'file' | 'line' | 'column'>,
  cwd: string,
  owner: string,
): Where {
  return { function: name, file: displayPath(file, cwd), line, column, share: null, package: owner };
}

/** The text around the first place of the stack. */
export function excerptOnStack(
  evidence: Evidence,
  frames: readonly CoreFrame[],
  where: Where | undefined,
): { source?: SourceExcerpt } {
  if (where === undefined) return {};
  const { cwd } = evidence.manifest.target;
  const frame = frames.find(({ file, line }) => displayPath(file, cwd) === where.file && line === where.line);
  const { file } = classifyLocation(frame?.file ?? '', { roots: [cwd] });
  const source = excerptAt(evidence, frame === undefined ? undefined : { file, line: frame.line });
  return source === undefined ? {} : { source };
}

/** Who holds what there is most of: `leaks of pushLeak`, `global.sessions`, with its line where that is known. */
export interface Anchor {
  text: string;
  where?: Where;
  /** The whole way, root first: `global.sessions > Map > Session`. */
  chain: string;
}

/** Names the holder of `held`: the variable, property or global that a person can look for. */
export function anchorOf(evidence: Evidence, held: NonNullable<CoreEvidence['held']>): Anchor {
  const { cwd } = evidence.manifest.target;
  const { chain } = held;
  const steps = chain.map((holder, index) => stepText(holder, index === chain.length - 1));
  const named = [...chain]
    .map((holder, index) => ({ holder, index }))
    .filter(({ holder, index }) => index < chain.length - 1 && isNamed(holder))
    .at(-1);
  const holder = named?.holder;
  const file = [...chain].reverse().find((one) => one.file !== '' && !one.file.startsWith('node:'));
  const text =
    holder === undefined
      ? held.root || steps[0] || 'nobody that has a name'
      : holder.kind === 'scope'
        ? `variable ${holder.edgeName}${holder.name === '' ? '' : ` of ${holder.name}`}`
        : `${holder.name || 'an object'}.${holder.edgeName}`;
  const place = holder !== undefined && holder.file !== '' ? holder : file;
  const where =
    place === undefined
      ? undefined
      : whereOf(
          {
            function: place.name,
            file: classifyLocation(place.file, { roots: [cwd] }).file,
            line: place.line,
            column: 1,
          },
          cwd,
          '',
        );
  const root = held.root === '' ? '' : `${held.root} > `;
  return { text, ...(where === undefined ? {} : { where }), chain: `${root}${steps.join(' > ')}` };
}

function isNamed({ kind, edge }: CoreHolder): boolean {
  return (edge === 'context' && kind === 'scope') || (edge === 'property' && kind !== 'engine');
}

function stepText({ kind, name, edge, edgeName }: CoreHolder, isLast: boolean): string {
  const own =
    kind === 'scope'
      ? name === ''
        ? 'scope'
        : `scope of ${name}`
      : kind === 'function'
        ? `${name || '(anonymous)'}()`
        : name;
  if (isLast) return own;
  if (edge === 'context' && kind === 'scope')
    return `variable ${edgeName}${name === '' ? '' : ` of ${name}`}`;
  if (edge === 'property') return `${own}.${edgeName}`;
  if (edge === 'element') return `${own}[…]`;
  return edgeName === 'entry' ? `${own} entry` : own;
}
