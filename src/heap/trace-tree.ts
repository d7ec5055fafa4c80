import { FloatList, IntList } from '../base/number-list.ts';
import { isDigit, nextByte, type RowTaker, type SectionEnd, skipTo } from './read-snapshot-rows.ts';
import type { AllocationTrace } from './snapshot.ts';
import type { SnapshotWindow } from './snapshot-window.ts';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const NUMBERS = 4;

/** Rows of a small section, column by column. */
export class ColumnTaker implements RowTaker {
  readonly fields: number;
  readonly row: Float64Array;
  readonly columns: FloatList[];

  constructor(fields: readonly string[]) {
    this.fields = fields.length;
    this.row = new Float64Array(fields.length);
    this.columns = fields.map(() => new FloatList());
  }

  take(): void {
    for (const [field, column] of this.columns.entries()) column.push(this.row[field]!);
  }
}

/** The nested `trace_tree` as a table, parents before children. */
export interface TraceTree {
  end: SectionEnd;
  nodes: AllocationTrace['nodes'];
}

/**
 * Reads `[id, function_info_index, count, size, [children…]]`, each child again five values in a row, however deep: V8
 * nests as deep as the stacks were, a hostile file deeper.
 */
export async function readTraceTree(window: SnapshotWindow): Promise<TraceTree> {
  const id = new FloatList();
  const parent = new IntList();
  const call = new IntList();
  const count = new FloatList();
  const size = new FloatList();
  const columns = [id, call, count, size] as const;
  /** Nodes whose children are being read. */
  const open = new IntList();
  let field = 0;
  let end: SectionEnd = 'cut';
  if ((await skipTo(window, OPEN)) || window.at >= window.end) {
    open.push(-1);
    end = await walk();
  } else end = 'damaged';
  const nodes = {
    id: Uint32Array.from(id.packed()),
    parent: parent.packed().slice(),
    function: call.packed().slice(0, parent.length),
    count: Uint32Array.from(count.packed()),
    size: size.packed().slice(),
  };
  return { end, nodes };

  async function walk(): Promise<SectionEnd> {
    /** A value may stand here; otherwise only a comma or a bracket. */
    let mayBegin = true;
    for (;;) {
      // Nothing to wait for at nearly every byte, and a promise for each would be most of the time.
      let byte = window.bytes[window.at]!;
      if (byte <= 0x20) byte = await nextByte(window);
      if (byte === 0) return finish(window.ranOut ? 'cut' : 'damaged');
      if (byte === CLOSE) {
        if (field !== 0) return finish('damaged');
        window.at++;
        open.length--;
        if (open.length === 0) return 'complete';
        mayBegin = false;
      } else if (byte === COMMA) {
        if (mayBegin) return finish('damaged');
        window.at++;
        mayBegin = true;
      } else if (!mayBegin) return finish('damaged');
      else if (field === NUMBERS) {
        if (byte !== OPEN) return finish('damaged');
        window.at++;
        open.push(parent.length - 1);
        field = 0;
      } else if (isDigit(byte)) {
        let value = number();
        while (value < 0 && (await window.more())) value = number();
        if (value < 0) return finish('cut');
        columns[field]!.push(value);
        if (++field === NUMBERS) parent.push(open.values[open.length - 1]!);
        mayBegin = false;
      } else return finish('damaged');
    }
  }

  /** −1 when it reaches the end of the window. */
  function number(): number {
    const { bytes } = window;
    let at = window.at;
    let value = 0;
    for (let byte = bytes[at]!; isDigit(byte); byte = bytes[++at]!) value = value * 10 + byte - 0x30;
    if (at >= window.end) return -1;
    window.at = at;
    return value;
  }

  /** Takes back the numbers of a node that is not whole. */
  function finish(how: SectionEnd): SectionEnd {
    for (const column of columns) column.length = Math.min(column.length, parent.length);
    return how;
  }
}

/** The allocation stacks of a snapshot, or undefined when it has none. */
export function buildAllocationTrace(
  tree: AllocationTrace['nodes'] | undefined,
  functions: ColumnTaker | undefined,
  functionFields: readonly string[],
  samples: ColumnTaker | undefined,
  sampleFields: readonly string[],
): AllocationTrace | undefined {
  if (tree === undefined || tree.id.length === 0 || functions === undefined) return undefined;
  const ofFunction = (name: string): Float64Array => columnOf(functions, functionFields, name);
  const lengthOfFunctions = functions.columns[0]?.length ?? 0;
  // A row that does not exist would make every reader check for it.
  for (let node = 0; node < tree.function.length; node++)
    if (tree.function[node]! >= lengthOfFunctions) tree.function[node] = 0;
  if (lengthOfFunctions === 0) return undefined;
  return {
    nodes: tree,
    functions: {
      name: Uint32Array.from(ofFunction('name')),
      scriptName: Uint32Array.from(ofFunction('script_name')),
      scriptId: Int32Array.from(ofFunction('script_id')),
      line: Int32Array.from(ofFunction('line')),
      column: Int32Array.from(ofFunction('column')),
    },
    samples: {
      timeUs: samples === undefined ? new Float64Array(0) : columnOf(samples, sampleFields, 'timestamp_us'),
      lastId:
        samples === undefined ? new Float64Array(0) : columnOf(samples, sampleFields, 'last_assigned_id'),
    },
  };
}

function columnOf(taker: ColumnTaker, fields: readonly string[], name: string): Float64Array {
  const column = taker.columns[fields.indexOf(name)];
  return column?.packed().slice() ?? new Float64Array(taker.columns[0]?.length ?? 0);
}
