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

/** Who holds what there is most of. */
export interface Anchor {
  /** As it stands in the program, or nearly: `books.byNumber`, `global.sessions`, `variable today of makeHeaviest`. */
  text: string;
  where?: Where;
  source?: SourceExcerpt;
  /** The way from the variable on: `variable books > Ledger.byNumber > Map entry > Booking`. */
  chain: string;
}

/** Names the holder of `held`: the variable, property or global that a person can look for. */
export function anchorOf(evidence: Evidence, held: NonNullable<CoreEvidence['held']>): Anchor {
  const { cwd } = evidence.manifest.target;
  const { chain } = held;
  const at = chain.findLastIndex((holder, index) => index < chain.length - 1 && isNamed(holder));
  const from = startOf(chain, at);
  const place = placeOf(chain, at);
  const steps = chain
    .slice(Math.max(0, firstNamed(chain)))
    .map((holder, index, all) => stepText(holder, index === all.length - 1));
  const root = held.root === '' || firstNamed(chain) >= 0 ? '' : `${held.root} > `;
  const anchor: Anchor = {
    text: anchorText(chain, from, at) || held.root || 'nobody that has a name',
    chain: `${root}${steps.join(' > ')}`,
  };
  if (place === undefined) return anchor;
  const { file } = classifyLocation(place.file, { roots: [cwd] });
  const source = excerptAt(evidence, { file, line: place.line });
  return {
    ...anchor,
    where: whereOf({ function: place.name, file, line: place.line, column: place.column }, cwd, ''),
    ...(source === undefined ? {} : { source }),
  };
}

function anchorText(chain: readonly CoreHolder[], from: number, at: number): string {
  const holder = chain[at];
  if (holder === undefined) return '';
  const first = chain[from]!;
  if (from === at)
    return holder.kind === 'scope'
      ? `variable ${holder.edgeName}${holder.name === '' ? '' : ` of ${holder.name}`}`
      : `${holder.name || 'an object'}.${holder.edgeName}`;
  const keys = chain.slice(from, at + 1).map(({ edgeName }) => edgeName);
  return (first.kind === 'scope' ? keys : [first.name, ...keys]).join('.');
}

/** Where a row of properties that ends at `at` begins: at a variable or the global object, else at itself. */
function startOf(chain: readonly CoreHolder[], at: number): number {
  let from = at;
  while (
    from > 0 &&
    chain[from]?.kind === 'object' &&
    chain[from]?.name !== 'global' &&
    isNamed(chain[from - 1]!)
  )
    from--;
  return isVariable(chain[from]) || chain[from]?.name === 'global' ? from : at;
}

/** `text` of an anchor at the beginning of a sentence. */
export function asSubject(text: string): string {
  return text.startsWith('variable ') ? `The ${text}` : text.replace(/^an? /, (word) => `A${word.slice(1)}`);
}

/** The first variable or global on the way: what is before is the same of all that Node keeps. */
function firstNamed(chain: readonly CoreHolder[]): number {
  return chain.findIndex(
    (holder) => isVariable(holder) || (holder.name === 'global' && holder.edge === 'property'),
  );
}

/** What is nearest to it and has a place: the variable itself, a function on the way. */
function placeOf(chain: readonly CoreHolder[], at: number): CoreHolder | undefined {
  return chain
    .slice(0, Math.max(0, at) + 1)
    .findLast(({ file, line }) => line > 0 && !file.startsWith('node:') && file !== '');
}

function isVariable(holder: CoreHolder | undefined): boolean {
  return holder?.kind === 'scope' && holder.edge === 'context';
}

function isNamed(holder: CoreHolder): boolean {
  return isVariable(holder) || (holder.edge === 'property' && holder.kind === 'object');
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
