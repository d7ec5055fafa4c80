import type { Milliseconds } from '../base/units.ts';
import type { RuleLimits } from './rules.ts';

const HOUR: Milliseconds = 3_600_000;

/** One capture that was begun; `life` tells a process apart from a later one of the same pid. */
export interface Spent {
  rule: string;
  life: string;
  /** Wall clock, ms. */
  at: number;
}

/**
 * Counts captures against their limits. What it knows can be written down and given to the next watch, so that a restart
 * does not begin to count anew.
 */
export class Ledger {
  #spent: Spent[];
  readonly #perHour: number;

  constructor(perHour: number, spent: readonly Spent[] = []) {
    this.#perHour = perHour;
    this.#spent = [...spent];
  }

  /** Why there must not be another one now; undefined: there may. */
  refusal(rule: { name: string; limits: RuleLimits }, life: string, now: number): string | undefined {
    const ours = this.#spent.filter((spent) => spent.rule === rule.name);
    const same = ours.filter((spent) => spent.life === life);
    const last = same.at(-1);
    if (last !== undefined && now - last.at < rule.limits.cooldownMs) return 'cool-down';
    if (same.length >= rule.limits.perProcess) return `limit of ${rule.limits.perProcess} per process`;
    const recent = (spent: Spent): boolean => now - spent.at < HOUR;
    if (ours.filter(recent).length >= rule.limits.perHour) return `limit of ${rule.limits.perHour} per hour`;
    if (this.#spent.filter(recent).length >= this.#perHour)
      return `limit of ${this.#perHour} per hour over all rules`;
    return undefined;
  }

  spend(rule: string, life: string, now: number): void {
    this.#spent.push({ rule, life, at: now });
  }

  /** Forgets what no limit asks for: ended processes, older than their cool-down and an hour. */
  forget(isAlive: (life: string) => boolean, now: number): void {
    this.#spent = this.#spent.filter(({ at, life }) => now - at < HOUR || isAlive(life));
  }

  get spent(): readonly Spent[] {
    return this.#spent;
  }
}
