import { EDGE, type Snapshot } from './snapshot.ts';

/**
 * Counts what a container holds, from edges alone: elements and properties of an object, rows of the hash table of a Map
 * or Set that have a key or a value on the heap. Small integers, booleans and `undefined` are no edges: an Array or Map
 * of nothing else seems empty.
 *
 * Layout of the tables: V8's OrderedHashTable (objects/ordered-hash-table.h): 3 counters, the buckets (a power of two),
 * then per row key, value (Map only) and chain, two rows for each bucket.
 */
export class EntryReader {
  private readonly snapshot: Snapshot;
  private readonly table: number;
  private readonly proto: number;
  private slots: Int32Array | undefined;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.table = snapshot.strings.find('table');
    this.proto = snapshot.strings.find('__proto__');
  }

  /** Is it likely a Map or a Set, or of a class made from them: V8 writes their table first. */
  looksKeyed(node: number): boolean {
    const { firstEdge, edgeTarget, edgeName } = this.snapshot;
    const edge = firstEdge[node] as number;
    return edgeName[edge] === this.table && ((edgeTarget[edge] as number) & 7) === EDGE.internal;
  }

  /** References that its entries are among: what has no more of them has hardly more entries, and this is known at once. */
  edges(node: number): number {
    const { firstEdge } = this.snapshot;
    const table = this.tableOf(node);
    const owner = table < 0 ? node : table;
    return (firstEdge[owner + 1] as number) - (firstEdge[owner] as number);
  }

  /** Entries with anything on the heap. */
  count(node: number): number {
    const { firstEdge } = this.snapshot;
    const table = this.tableOf(node);
    const layout = table < 0 ? undefined : this.layoutOf(table);
    const owner = layout === undefined ? node : table;
    const end = firstEdge[owner + 1] as number;
    let entries = 0;
    let row = -1;
    for (let edge = firstEdge[owner] as number; edge < end; edge++) {
      if (layout === undefined) {
        if (this.isEntry(edge)) entries++;
        continue;
      }
      const slot = this.slotOf(edge) - layout.first;
      if (slot < 0 || Math.floor(slot / layout.width) === row) continue;
      row = Math.floor(slot / layout.width);
      entries++;
    }
    return entries;
  }

  /** Calls with every object that an entry holds directly. */
  eachHeld(node: number, visit: (target: number) => void): void {
    const { firstEdge, edgeTarget } = this.snapshot;
    const table = this.tableOf(node);
    const layout = table < 0 ? undefined : this.layoutOf(table);
    const owner = layout === undefined ? node : table;
    const end = firstEdge[owner + 1] as number;
    for (let edge = firstEdge[owner] as number; edge < end; edge++)
      if (layout === undefined ? this.isEntry(edge) : this.slotOf(edge) >= layout.first)
        visit((edgeTarget[edge] as number) >>> 3);
  }

  private isEntry(edge: number): boolean {
    const { edgeTarget, edgeName } = this.snapshot;
    const type = (edgeTarget[edge] as number) & 7;
    return type === EDGE.element || (type === EDGE.property && edgeName[edge] !== this.proto);
  }

  private tableOf(node: number): number {
    if (this.table < 0) return -1;
    const { firstEdge, edgeTarget, edgeName } = this.snapshot;
    // V8 writes it among the first edges of a collection; an object with a million properties is not searched.
    const end = Math.min(firstEdge[node + 1] as number, (firstEdge[node] as number) + 64);
    for (let edge = firstEdge[node] as number; edge < end; edge++) {
      const target = edgeTarget[edge] as number;
      if ((target & 7) === EDGE.internal && edgeName[edge] === this.table) return target >>> 3;
    }
    return -1;
  }

  /** From its size alone: 7 words for each bucket of a Map, 5 of a Set; 8 bytes a word, 4 with compressed pointers. */
  private layoutOf(table: number): { first: number; width: number } | undefined {
    const size = this.snapshot.selfSize.get(table);
    for (const [header, word] of [
      [16, 8],
      [8, 4],
    ] as const)
      for (const width of [3, 2]) {
        const buckets = ((size - header) / word - 3) / (2 * width + 1);
        if (buckets >= 1 && Number.isInteger(Math.log2(buckets))) return { first: 3 + buckets, width };
      }
    return undefined;
  }

  /** Index of a slot of a table, which is the name of its edge; −1 for what is no slot (its map). */
  private slotOf(edge: number): number {
    const { edgeTarget, edgeName, strings } = this.snapshot;
    const type = (edgeTarget[edge] as number) & 7;
    if (type === EDGE.hidden || type === EDGE.element) return edgeName[edge] as number;
    if (type !== EDGE.internal) return -1;
    const name = edgeName[edge] as number;
    // Tables share the names of their slots, and each table is read twice: told apart by one, so that 0 is unknown.
    this.slots ??= new Int32Array(strings.count);
    const known = this.slots[name] as number;
    if (known !== 0) return known < 0 ? -1 : known - 1;
    const slot = readDigits(strings.bytes(name));
    this.slots[name] = slot < 0 ? -1 : slot + 1;
    return slot;
  }
}

/** A decimal number of at most nine digits, −1 for anything else. */
function readDigits(digits: Uint8Array): number {
  if (digits.length === 0 || digits.length > 9) return -1;
  let value = 0;
  for (const digit of digits) {
    if (digit < 0x30 || digit > 0x39) return -1;
    value = value * 10 + digit - 0x30;
  }
  return value;
}
