import type { Evidence } from './evidence.ts';
import type { Facts } from './facts.ts';
import type { Finding, FindingKind } from './report.ts';

/** What a rule cannot do without. */
export type Need =
  | 'outside'
  | 'inside'
  | 'profile'
  | 'gc'
  | 'allocation'
  | 'loop'
  | 'pool'
  | 'async'
  | 'errors'
  | 'leaks'
  | 'deopts'
  | 'core'
  | 'box';

/** One kind of trouble. `judge` is pure: the same evidence gives the same findings. */
export interface Rule {
  kind: FindingKind;
  /** Evidence without which the rule cannot judge; the report lists the kind as not checked then. */
  needs: readonly Need[];
  judge(evidence: Evidence, facts: Facts): Finding[];
}

/** True when the evidence a rule needs is there. A stuck loop answers nothing, which is an answer: `loop`, `inside`. */
export function isMet(need: Need, evidence: Evidence): boolean {
  const { vitals } = evidence;
  const inside = evidence.manifest.access === 'inspector';
  switch (need) {
    case 'outside':
      return vitals.series.has('cpu.main_percent') || vitals.series.has('memory.rss_bytes');
    case 'inside':
      return inside || evidence.stuck !== undefined;
    case 'profile':
      return evidence.main !== undefined;
    case 'gc':
      return (
        inside && (vitals.gc.length > 0 || vitals.series.has('gc.percent') || vitals.forcedGc.length > 0)
      );
    case 'allocation':
      return evidence.allocation !== undefined;
    case 'async':
      // Requests that are answered at once wait for nothing: that too is an answer.
      return evidence.async !== undefined || evidence.requestTimes !== undefined;
    case 'errors':
      return evidence.errors !== undefined;
    case 'leaks':
      return evidence.leaks !== undefined;
    case 'deopts':
      return evidence.deopts !== undefined;
    case 'core':
      return evidence.core !== undefined;
    case 'box':
      return evidence.box !== undefined;
    case 'pool':
      return evidence.pool !== undefined;
    case 'loop':
      return evidence.stuck !== undefined || (inside && vitals.series.has('loop.delay_ms'));
  }
}
