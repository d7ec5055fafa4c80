import type { Evidence } from './evidence.ts';

/** What the reader of a finding wants to know next. */
export type NextWish = 'cpu' | 'allocations' | 'heap' | 'garbage' | 'after-fix' | 'outside';

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
  }
}
