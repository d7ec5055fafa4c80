/** One aggregation as it is: rows of its keys. */
export interface AggregationSnapshot {
  name: string;
  fn: string;
  params: number[];
  normal: number;
  rows: { key: (string | number)[]; value: number; buckets?: [low: number, count: number][] }[];
}

/** What a script wrote, in order: text, or an aggregation to print. */
export type EngineOutput = string | { format?: string; aggregations: AggregationSnapshot[] };

export interface EngineDrain {
  out: EngineOutput[];
  errors: string[];
  /** Lost: texts over the limit, keys over the limit. */
  drops: { texts: number; keys: number };
  /** Firings of clauses so far. */
  fired: number;
  costNs: number;
  /** Exit code of `exit()`. */
  exited?: number;
  /** Why the engine stopped by itself. */
  stopped?: string;
}
