import type { Bytes } from '../base/units.ts';
import { mappingAt } from '../linux/memory-map.ts';
import type { HeapMap } from './heap-maps.ts';
import type { HeapBatch } from './heap-walk.ts';
import type { V8Reader } from './v8-reader.ts';

/** What objects of a map have outside of the heap. */
export const OUTSIDE = { nothing: 0, buffer: 1, view: 2, string: 3 } as const;
export type Outside = (typeof OUTSIDE)[keyof typeof OUTSIDE];

/** Backing stores told apart; of more, those that several isolates share are counted again. */
const MOST_STORES = 1 << 20;
/** A damaged length. */
const MOST_BYTES = 2 ** 46;

/** Memory outside of V8's heap: backing stores of ArrayBuffers, characters of external strings, and what views show. */
export class OutsideMemory {
  readonly #stores: Set<number> = new Set();
  readonly #v8: V8Reader;
  readonly #bufferLength: number;
  readonly #bufferStore: number;
  readonly #viewLength: number;
  readonly #viewBase: number;

  constructor(v8: V8Reader) {
    this.#v8 = v8;
    const { layout } = v8;
    this.#bufferLength = layout.offset('JSArrayBuffer.byteLength');
    this.#bufferStore = layout.offset('JSArrayBuffer.backingStore');
    this.#viewLength = layout.offset('JSArrayBufferView.byteLength');
    this.#viewBase = layout.offset('JSTypedArray.basePointer');
  }

  /** What to ask of objects of a map. */
  kindOf({ type }: HeapMap): Outside {
    const { layout } = this.#v8;
    const name = layout.typeNames.get(type) ?? '';
    if (name === 'JS_ARRAY_BUFFER_TYPE') return OUTSIDE.buffer;
    if (name === 'JS_TYPED_ARRAY_TYPE' || name.startsWith('JS_DATA_VIEW')) return OUTSIDE.view;
    const isExternal =
      type < layout.number('String.firstNonStringType') &&
      (type & layout.number('String.representationMask')) === 2;
    return isExternal ? OUTSIDE.string : OUTSIDE.nothing;
  }

  /** Bytes of object `i` of a batch; of views those they show of memory that is not their own. */
  bytesOf(batch: HeapBatch, i: number, kind: Outside, type: number): Bytes {
    const { view, length } = batch;
    const at = batch.offsets[i]!;
    const word = (offset: number): number =>
      at + offset + 8 <= length
        ? view.getUint32(at + offset + 4, true) * 2 ** 32 + view.getUint32(at + offset, true)
        : Number.NaN;
    if (kind === OUTSIDE.string) {
      const { layout } = this.#v8;
      const data = word(layout.offset('ExternalString.data'));
      // Sources of Node's own modules lie in its binary.
      const isInFile = data > 4096 && mappingAt(this.#v8.image.mappings, data)?.path.startsWith('/') === true;
      if (isInFile || !this.#isNew(data)) return 0;
      const isOneByte = (type & layout.number('String.encodingMask')) === layout.number('String.oneByteTag');
      return sane(view.getUint32(at + 12, true) * (isOneByte ? 1 : 2));
    }
    if (kind === OUTSIDE.view) {
      // Small ones have their elements in the heap: then the base is an object.
      const isInHeap = !Number.isNaN(this.#viewBase) && word(this.#viewBase) % 2 === 1;
      return isInHeap ? 0 : sane(word(this.#viewLength));
    }
    const store = word(this.#bufferStore);
    if (!(store > 4096)) return 0;
    const bytes = sane(word(this.#bufferLength));
    return bytes > 0 && this.#isNew(store) ? bytes : 0;
  }

  /** Several isolates may share one; uncached strings do not say where their characters are. */
  #isNew(address: number): boolean {
    if (!(address > 4096)) return true;
    if (this.#stores.has(address)) return false;
    if (this.#stores.size < MOST_STORES) this.#stores.add(address);
    return true;
  }
}

function sane(bytes: number): Bytes {
  return bytes >= 0 && bytes < MOST_BYTES ? bytes : 0;
}
