import type { Milliseconds } from '../base/units.ts';
import type { Series, SeriesName } from './series.ts';

/** A series while it is being recorded: grows by doubling, 16 bytes a point. */
export class SeriesColumn {
  readonly name: SeriesName;
  #time = new Float64Array(256);
  #value = new Float64Array(256);
  #length = 0;

  constructor(name: SeriesName) {
    this.name = name;
  }

  /** Appends a point; `time` in ms after window start must not fall, NaN = known gap. */
  push(time: Milliseconds, value: number): void {
    if (this.#length === this.#time.length) {
      this.#time = grown(this.#time);
      this.#value = grown(this.#value);
    }
    this.#time[this.#length] = time;
    this.#value[this.#length++] = value;
  }

  /** What was recorded; undefined when nothing was, so that "not measurable here" is not a series of gaps. */
  toSeries(): Series | undefined {
    if (!this.#value.subarray(0, this.#length).some((value) => !Number.isNaN(value))) return undefined;
    return {
      name: this.name,
      time: this.#time.slice(0, this.#length),
      value: this.#value.slice(0, this.#length),
    };
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
