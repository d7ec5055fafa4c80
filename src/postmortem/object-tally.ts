import type { Bytes } from '../base/units.ts';
import type { HeapBatch } from './heap-walk.ts';

/** Objects of one isolate (or of the pages that all share) by map: numbers that grow with the list of maps. */
export class ObjectTally {
  /** All by index of the map. */
  counts: Float64Array = new Float64Array(1024);
  bytes: Float64Array = new Float64Array(1024);
  /** Tagged address of the first object; 0 none. */
  samples: Float64Array = new Float64Array(1024);
  /** Memory outside of the heap that objects hold, or (views) show. */
  outside: Float64Array = new Float64Array(1024);
  objects = 0;
  totalBytes: Bytes = 0;

  /** Makes room for maps that were met. */
  grow(maps: number): void {
    if (maps <= this.counts.length) return;
    const size = Math.max(maps, this.counts.length * 2);
    this.counts = grown(this.counts, size);
    this.bytes = grown(this.bytes, size);
    this.samples = grown(this.samples, size);
    this.outside = grown(this.outside, size);
  }

  /** Counts all objects of a batch. */
  add(batch: HeapBatch): void {
    const { count, maps, sizes, offsets, base } = batch;
    const { counts, bytes, samples } = this;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const map = maps[i]!;
      const size = sizes[i]!;
      if (counts[map] === 0) samples[map] = base + offsets[i]! + 1;
      counts[map]!++;
      bytes[map]! += size;
      sum += size;
    }
    this.objects += count;
    this.totalBytes += sum;
  }

  /** Counts those objects of a batch that `isLive` says are in use. */
  addLive(batch: HeapBatch, isLive: (address: number) => boolean): void {
    const { count, maps, sizes, offsets, base } = batch;
    for (let i = 0; i < count; i++) {
      const address = base + offsets[i]! + 1;
      if (!isLive(address)) continue;
      const map = maps[i]!;
      if (this.counts[map] === 0) this.samples[map] = address;
      this.counts[map]!++;
      this.bytes[map]! += sizes[i]!;
      this.objects++;
      this.totalBytes += sizes[i]!;
    }
  }
}

function grown(from: Float64Array, size: number): Float64Array {
  const into = new Float64Array(size);
  into.set(from);
  return into;
}
