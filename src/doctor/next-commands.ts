import type { Evidence } from './evidence.ts';

/** What the reader of a finding wants to know next. */
export type NextWish = 'cpu' | 'allocations' | 'heap' | 'garbage' | 'after-fix' | 'outside' | CoreWish;

/** The same of a core: what fills its heap, whether that grows, the frames and values of its stack. */
export type CoreWish = 'core-heap' | 'core-growth' | 'core-stack';

/**
 * Commands a finding may recommend. Only what this version can run: a command that does not exist is worse than none.
 * When `stack` arrives, it is switched on here.
 */
export function nextCommands(evidence: Evidence, wish: NextWish): string[] {
  const { pid } = evidence.manifest.target;
  switch (wish) {
    case 'cpu':
      return [`holter cpu ${pid} -d 30s --open`];
    case 'allocations':
      return [`holter heap sample ${pid} -d 30s --open`];
    case 'heap':
      return evidence.manifest.files.filter(({ kind }) => kind === 'heap-snapshot').length > 1
        ? [`holter heap sample ${pid} -d 30s --open`]
        : [
            `holter heap histogram ${pid} -d 60s`,
            `holter heap snapshot ${pid} -d 60s`,
            `holter heap sample ${pid} -d 30s --open`,
          ];
    case 'garbage':
      return [`holter heap sample ${pid} --all -d 30s --open`];
    case 'after-fix':
      return [`holter doctor ${pid} --open`];
    case 'outside':
      return ['holter ps'];
    case 'core-heap':
      return [`holter core objects ${coreOf(evidence)} --live`, `holter core snapshot ${coreOf(evidence)}`];
    case 'core-growth':
      return [`holter core snapshot ${coreOf(evidence)}`, `holter core diff ${coreOf(evidence)} LATER`];
    case 'core-stack': {
      const path = evidence.core?.request?.path ?? '';
      return [
        `holter core bt ${coreOf(evidence)} --values`,
        ...(path === '' ? [] : [`holter core inspect ${coreOf(evidence)} ${word(path)}`]),
      ];
    }
  }
}

function coreOf(evidence: Evidence): string {
  return word(evidence.core?.core ?? '');
}

/** For a shell, in quotes where it must be. */
function word(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
