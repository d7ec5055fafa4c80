/** `ClassTable.of` of a node that DevTools' histogram leaves out (no size of its own). */
export const NO_CLASS = 0xffff_ffff;

/**
 * Classes as DevTools groups them: constructors of the same name but from different lines are different classes, plain
 * objects of the same properties form one named `{id, name}`.
 */
export interface ClassTable {
  /** Node → class, or NO_CLASS. */
  readonly of: Uint32Array;
  readonly count: number;
  /** As DevTools shows: `User`, `(string)`, `{id, name}`, `Function`. */
  readonly name: readonly string[];
  /** DevTools' key: `scriptId,line,column,name` or the name. */
  readonly key: readonly string[];
  /** Key that holds across processes: script path instead of its id. */
  readonly stableKey: readonly string[];
  readonly instances: Uint32Array;
  /** Σ shallow of the instances. */
  readonly shallow: Float64Array;
  /** Σ retained of the instances that are not below another instance of the class. */
  readonly retained: Float64Array;
  /** Smallest distance of an instance. */
  readonly distance: Int32Array;
  /** Where its constructor stands: row of `Snapshot.locations` of one instance, −1 when unknown. */
  readonly location: Int32Array;
}
