import { type Blame, blameNodes, blameStacks } from '../cpu/blame.ts';
import { CATEGORIES, type StackFrame } from '../cpu/call-tree.ts';
import type { Evidence } from './evidence.ts';

/**
 * Where a loop that does not turn spends its time. The profile of the stretch is the best witness (it sees thousands of
 * moments); stacks read in interrupts give exact lines; the pause gives one moment, with arguments.
 */
export function blameStuck(evidence: Evidence): Blame | undefined {
  const { main, stuck } = evidence;
  const options = { sources: evidence.sources, stacks: stacksOf(evidence) };
  let blame: Blame | undefined;
  if (main !== undefined) {
    const weight = main.self.slice();
    for (let node = 0; node < main.length; node++) {
      const category = CATEGORIES[main.frames.category[main.frame[node]!]!];
      // A microtask loop rarely shows up as `program`; a native wait shows as nothing else.
      if (category === 'idle' || category === 'gc' || category === 'program') weight[node] = 0;
    }
    const samples = weight.reduce((sum, value) => sum + value, 0);
    if (samples >= 100_000) {
      blame =
        blameNodes(main, weight, options) ?? blameNodes(main, weight, { ...options, minimumShare: 0.5 });
    }
  }
  const stacks = [
    ...evidence.blockStacks.filter((stack) => stuck === undefined || stack.at >= stuck.since - 1000),
    ...(stuck !== undefined && stuck.frames.length > 0 ? [{ frames: stuck.frames }] : []),
  ];
  return (
    blame ??
    (stacks.length > 0
      ? (blameStacks(stacks, options) ?? blameStacks(stacks, { ...options, minimumShare: 0.4 }))
      : undefined)
  );
}

/** The frame of the pause that is the blamed function, with its arguments. */
export function pausedFrame(evidence: Evidence, blame: Blame | undefined): StackFrame | undefined {
  const place = blame?.places[0];
  return (
    evidence.stuck?.frames.find((frame) => frame.function === place?.function && frame.file === place.file) ??
    evidence.stuck?.frames.find((frame) => frame.party === 'user')
  );
}

/** `n = 4711, text = "aaa…"`, at most a line; '' when nothing is known. */
export function valuesText(frame: StackFrame | undefined): string {
  const text = (frame?.values ?? [])
    .slice(0, 4)
    .map(
      (value) => `${value.name} = ${value.value.length > 40 ? `${value.value.slice(0, 39)}…` : value.value}`,
    )
    .join(', ');
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}

/** How much longer than one round the process was seen at the same place raises what can be claimed. */
export function stuckConfidence(ms: number): number {
  return ms >= 5000 ? 0.97 : ms >= 3000 ? 0.94 : ms >= 2000 ? 0.88 : 0.7;
}

function stacksOf(evidence: Evidence): Evidence['blockStacks'] {
  const { stuck } = evidence;
  if (stuck === undefined || stuck.frames.length === 0) return evidence.blockStacks;
  return [
    ...evidence.blockStacks,
    { at: stuck.since + stuck.ms, lateMs: stuck.ms, asyncId: 0, frames: stuck.frames },
  ];
}
