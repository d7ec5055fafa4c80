import { HolterError } from '../base/errors.ts';
import { classNameOf } from '../heap/class-name.ts';
import { NO_CLASS } from '../heap/class-table.ts';
import { describeNode, nodeOfId } from '../heap/describe-object.ts';
import type { Heap } from '../heap/heap.ts';
import { nodeText } from '../heap/node-text.ts';
import { edgeText } from '../heap/query-edges.ts';
import { runQuery } from '../heap/query-run.ts';
import { edgeSource } from '../heap/retainers.ts';
import { pathText, retainingPath } from '../heap/retaining-path.ts';
import { EDGE_TYPES, NODE_TYPES } from '../heap/snapshot.ts';
import { roomOfNode } from '../render/heap-page-names.ts';
import { shortPath } from '../render/short-path.ts';
import { listDominated, listInstances, listReferences, listRetainers } from './object-lists.ts';
import {
  type HeapQuestion,
  MOST_ROWS,
  type ObjectAnswer,
  type ObjectLine,
  type QueryAnswer,
  type RowsAnswer,
} from './questions.ts';
import { readQuestion } from './read-question.ts';
import { RecentLists } from './sorted-rows.ts';

export interface AnswerOptions {
  /** Ends a query that takes long. */
  signal?: AbortSignal;
}

/** Answers one question of a page; rejects with HolterError, E_USAGE for what is no question. */
export type Answerer = (question: unknown, options?: AnswerOptions) => Promise<unknown>;

const MOST_DOMINATORS = 30;
const LONGEST_TEXT = 4096;

/** Answers questions of pages about a heap. Lists that were asked for last are kept sorted. */
export function makeAnswerer(heap: Heap, cwd: string): Answerer {
  const lists = new RecentLists();
  return async (body, options = {}) => {
    const question = readQuestion(body);
    switch (question.ask) {
      case 'ping':
        return {};
      case 'object':
        return describe(heap, findNode(heap, question.id), cwd);
      case 'query':
        return await query(heap, question.text, options.signal);
      default:
        return list(heap, lists, question);
    }
  };
}

function findNode(heap: Heap, id: number): number {
  const node = nodeOfId(heap.snapshot, id);
  if (node < 0)
    throw new HolterError('E_USAGE', `no object has the id @${id}`, {
      hint: 'ids belong to one snapshot, or to several of one process as long as the object lives',
    });
  return node;
}

function describe(heap: Heap, node: number, cwd: string): ObjectAnswer {
  const { snapshot, graph, classes, retainers } = heap;
  const place = heap.scripts.placeOf(node);
  const row = classes.of[node]!;
  const dominators: ObjectAnswer['dominators'] = [];
  for (
    let at = graph.dominator[node]!;
    at !== 0 && dominators.length < MOST_DOMINATORS;
    at = graph.dominator[at]!
  )
    dominators.push({
      className: classNameOf(heap, at),
      id: snapshot.nodeId[at]!,
      retained: graph.retained.get(at),
    });
  const { rank, subtree } = graph;
  let dominated = 0;
  const end = rank[node]! + subtree[rank[node]!]!;
  for (let at = rank[node]! + 1; at < end; at += subtree[at]!) dominated++;
  return {
    id: snapshot.nodeId[node]!,
    className: classNameOf(heap, node),
    classKey: row === NO_CLASS ? '' : classes.key[row]!,
    type: NODE_TYPES[snapshot.nodeType[node]!]!,
    text: nodeText(heap, node, LONGEST_TEXT),
    shallow: graph.shallow.get(node),
    retained: graph.retained.get(node),
    distance: graph.distance[node]!,
    place:
      place === undefined || place.file === ''
        ? ''
        : `${shortPath(place.file, cwd)}${place.line > 0 ? `:${place.line}` : ''}`,
    pathText: pathText(heap, node),
    path: retainingPath(heap, node).map((step) => ({
      edge: step.edge < 0 ? '' : step.edgeText,
      className: step.className,
      id: snapshot.nodeId[step.node]!,
    })),
    dominators,
    references: snapshot.firstEdge[node + 1]! - snapshot.firstEdge[node]!,
    retainers: retainers.first[node + 1]! - retainers.first[node]!,
    dominated,
  };
}

type ListQuestion = Exclude<HeapQuestion, { ask: 'object' | 'query' | 'ping' }>;

function list(heap: Heap, lists: RecentLists, question: ListQuestion): RowsAnswer {
  const { snapshot } = heap;
  const from = question.from;
  const end = from + Math.min(MOST_ROWS, question.count);
  if (question.ask === 'instances') {
    const row = heap.classes.key.indexOf(question.class);
    if (row < 0) throw new HolterError('E_USAGE', 'the snapshot has no such class');
    const key = `instances ${row} ${question.sort} ${question.up}`;
    const nodes = lists.get(key, () => listInstances(heap, row, question.sort, question.up));
    return {
      total: nodes.length,
      from,
      rows: Array.from(nodes.subarray(from, end), (node) => line(heap, node)),
      note: '',
    };
  }
  const node = findNode(heap, question.id);
  const make = { references: listReferences, retainers: listRetainers, dominated: listDominated }[
    question.ask
  ];
  const rows = lists.get(`${question.ask} ${node}`, () => make(heap, node));
  return {
    total: rows.length,
    from,
    rows: Array.from(rows.subarray(from, end), (row) => {
      if (question.ask === 'dominated') return line(heap, row);
      const target = snapshot.edgeTarget[row]!;
      const other = question.ask === 'references' ? target >>> 3 : edgeSource(snapshot, row);
      return { ...line(heap, other), edge: edgeText(snapshot, row), edgeType: EDGE_TYPES[target & 7]! };
    }),
    note:
      question.ask === 'dominated' ? 'What would be freed with it, each with all that it keeps itself.' : '',
  };
}

function line(heap: Heap, node: number): ObjectLine {
  const row = describeNode(heap, node, 120);
  return {
    edge: '',
    edgeType: '',
    id: row.id,
    className: row.className,
    text: row.text,
    room: roomOfNode(heap.snapshot, node),
    shallow: row.shallowBytes,
    retained: row.retainedBytes,
    distance: row.distance,
  };
}

async function query(heap: Heap, text: string, signal: AbortSignal | undefined): Promise<QueryAnswer> {
  const result = await runQuery(heap, text, {
    limit: MOST_ROWS,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    columns: result.columns,
    rows: result.rows.slice(0, MOST_ANSWERED),
    matched: result.matched ?? null,
    more: result.more,
    notes: [
      ...result.notes,
      ...(result.rows.length > MOST_ANSWERED
        ? [`the first ${MOST_ANSWERED} are shown; holter heap query prints all`]
        : []),
    ],
  };
}

/** Rows of an answer to a query, whatever limit it names: a page that shows more is slow. */
const MOST_ANSWERED = 5000;
