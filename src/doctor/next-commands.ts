import type { Evidence } from './evidence.ts';

/**
 * Commands a finding may recommend. Only what this version can run: a command that does not exist is worse than none.
 * When `cpu`, `heap` or `stack` arrive, they are switched on here.
 */
export function nextCommands(evidence: Evidence, wish: 'longer' | 'after-fix' | 'outside'): string[] {
  const { pid } = evidence.manifest.target;
  switch (wish) {
    case 'longer':
      return [`holter doctor ${pid} -d 60s`];
    case 'after-fix':
      return [`holter doctor ${pid} --open`];
    case 'outside':
      return ['holter ps'];
  }
}
