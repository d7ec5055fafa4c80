import type { Bytes } from '../base/units.ts';
import type { HeapGraph } from './heap-graph.ts';
import type { IndexFile } from './heap-index-read.ts';
import { openStrings } from './open-strings.ts';
import { SizeColumn } from './size-column.ts';
import type { AllocationTrace, Snapshot, SnapshotLocations } from './snapshot.ts';
import type { SnapshotStrings } from './snapshot-strings.ts';

/**
 * A snapshot whose columns are in an index. Each is read when it is first looked at: a command that prints the largest
 * objects needs no names of edges, which are a fifth of everything.
 */
export class IndexedSnapshot implements Snapshot {
  readonly name: string;
  readonly bytes: Bytes;
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly extraNativeBytes: Bytes;
  // Absent, not undefined, when the file was whole.
  declare readonly partial?: string;
  declare readonly detachedness?: Uint8Array;
  declare readonly traceNode?: Uint32Array;
  declare readonly allocations?: AllocationTrace;
  readonly #file: IndexFile;
  #nodeType: Uint8Array | undefined;
  #nodeName: Uint32Array | undefined;
  #nodeId: Uint32Array | undefined;
  #selfSize: SizeColumn | undefined;
  #firstEdge: Uint32Array | undefined;
  #edgeTarget: Uint32Array | undefined;
  #edgeName: Uint32Array | undefined;
  #locations: SnapshotLocations | undefined;
  #strings: SnapshotStrings | undefined;

  constructor(path: string, file: IndexFile) {
    const { directory } = file;
    this.#file = file;
    this.name = path;
    this.bytes = directory.bytes;
    this.nodeCount = directory.nodeCount;
    this.edgeCount = directory.edgeCount;
    this.extraNativeBytes = directory.extraNativeBytes;
    if (directory.partial !== undefined) this.partial = directory.partial;
    // Few files have these.
    if (file.has('detachedness')) this.detachedness = file.uint8('detachedness');
    if (file.has('traceNode')) this.traceNode = file.uint32('traceNode');
    if (directory.allocations !== undefined) this.allocations = readAllocations(file);
  }

  get nodeType(): Uint8Array {
    this.#nodeType ??= this.#file.uint8('nodeType');
    return this.#nodeType;
  }

  get nodeName(): Uint32Array {
    this.#nodeName ??= this.#file.uint32('nodeName');
    return this.#nodeName;
  }

  get nodeId(): Uint32Array {
    this.#nodeId ??= this.#file.uint32('nodeId');
    return this.#nodeId;
  }

  get selfSize(): SizeColumn {
    this.#selfSize ??= readSizes(this.#file, 'selfSize');
    return this.#selfSize;
  }

  get firstEdge(): Uint32Array {
    this.#firstEdge ??= this.#file.uint32('firstEdge');
    return this.#firstEdge;
  }

  get edgeTarget(): Uint32Array {
    this.#edgeTarget ??= this.#file.uint32('edgeTarget');
    return this.#edgeTarget;
  }

  get edgeName(): Uint32Array {
    this.#edgeName ??= this.#file.uint32('edgeName');
    return this.#edgeName;
  }

  get locations(): SnapshotLocations {
    const file = this.#file;
    this.#locations ??= {
      node: file.uint32('locations.node'),
      script: file.int32('locations.script'),
      line: file.int32('locations.line'),
      column: file.int32('locations.column'),
    };
    return this.#locations;
  }

  get strings(): SnapshotStrings {
    if (this.#strings === undefined) {
      const file = this.#file;
      const { strings, file: identity } = file.directory;
      this.#strings = openStrings({
        name: this.name,
        count: strings.count,
        nameless: strings.nameless,
        offsets: file.uint32('strings.offsets'),
        bases: file.float64('strings.bases'),
        ...(strings.begin === undefined
          ? { blob: file.uint8('strings.blob') }
          : {
              file: {
                path: this.name,
                begin: strings.begin,
                size: identity.size,
                mtimeNs: BigInt(identity.mtimeNs),
              },
            }),
      });
    }
    return this.#strings;
  }
}

/** What follows from the references, read from an index as it is looked at. */
export class IndexedGraph implements HeapGraph {
  readonly #file: IndexFile;
  #shallow: SizeColumn | undefined;
  #retained: SizeColumn | undefined;
  #dominator: Uint32Array | undefined;
  #distance: Int32Array | undefined;
  #reachedBy: Uint32Array | undefined;
  #preorder: Uint32Array | undefined;
  #rank: Uint32Array | undefined;
  #subtree: Uint32Array | undefined;
  readonly detachedness: Uint8Array | undefined;
  readonly userRoots: Uint32Array;

  constructor(file: IndexFile) {
    this.#file = file;
    this.detachedness = file.has('graph.detachedness') ? file.uint8('graph.detachedness') : undefined;
    this.userRoots = file.uint32('graph.userRoots');
  }

  get shallow(): SizeColumn {
    this.#shallow ??= readSizes(this.#file, 'graph.shallow');
    return this.#shallow;
  }

  get retained(): SizeColumn {
    this.#retained ??= readSizes(this.#file, 'graph.retained');
    return this.#retained;
  }

  get dominator(): Uint32Array {
    this.#dominator ??= this.#file.uint32('graph.dominator');
    return this.#dominator;
  }

  get distance(): Int32Array {
    this.#distance ??= this.#file.int32('graph.distance');
    return this.#distance;
  }

  get reachedBy(): Uint32Array {
    this.#reachedBy ??= this.#file.uint32('graph.reachedBy');
    return this.#reachedBy;
  }

  get preorder(): Uint32Array {
    this.#preorder ??= this.#file.uint32('graph.preorder');
    return this.#preorder;
  }

  get rank(): Uint32Array {
    this.#rank ??= this.#file.uint32('graph.rank');
    return this.#rank;
  }

  get subtree(): Uint32Array {
    this.#subtree ??= this.#file.uint32('graph.subtree');
    return this.#subtree;
  }
}

function readSizes(file: IndexFile, name: string): SizeColumn {
  const pairs = file.float64(`${name}.high`);
  const high = new Map<number, Bytes>();
  for (let at = 0; at + 1 < pairs.length; at += 2) high.set(pairs[at]!, pairs[at + 1]!);
  return new SizeColumn(file.uint32(name), high);
}

function readAllocations(file: IndexFile): AllocationTrace {
  return {
    nodes: {
      id: file.uint32('allocations.nodes.id'),
      parent: file.int32('allocations.nodes.parent'),
      function: file.int32('allocations.nodes.function'),
      count: file.uint32('allocations.nodes.count'),
      size: file.float64('allocations.nodes.size'),
    },
    functions: {
      name: file.uint32('allocations.functions.name'),
      scriptName: file.uint32('allocations.functions.scriptName'),
      scriptId: file.int32('allocations.functions.scriptId'),
      line: file.int32('allocations.functions.line'),
      column: file.int32('allocations.functions.column'),
    },
    samples: {
      timeUs: file.float64('allocations.samples.timeUs'),
      lastId: file.float64('allocations.samples.lastId'),
    },
  };
}
