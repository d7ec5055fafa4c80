import { HolterError } from '../base/errors.ts';
import { formatBytes, formatNumber } from '../base/quantity.ts';
import { cleanText, type Style } from '../base/terminal-text.ts';
import { classNameOf } from '../heap/compare-description.ts';
import type { Heap } from '../heap/heap.ts';
import { SYSTEM_DISTANCE } from '../heap/heap-graph.ts';
import { findNode } from '../heap/query-compile.ts';
import { edgeText } from '../heap/query-edges.ts';
import { nearestName } from '../heap/query-error.ts';
import { ObjectProperties } from '../heap/query-properties.ts';
import { runQuery } from '../heap/query-run.ts';
import { QUERY_TABLES } from '../heap/query-words.ts';
import { pathText } from '../heap/retaining-path.ts';
import { EDGE, NODE_TYPES } from '../heap/snapshot.ts';
import { renderQueryResult } from '../render/heap-query-text.ts';

const COMMANDS: Record<string, string> = {
  'ls [text]': 'references of this object, largest first; only those whose name has the text',
  'cd <where>': 'go: a name (user.name), [3], @123, .. back, / the root',
  pwd: 'how this object is reached',
  show: 'this object: class, sizes, place',
  retainers: 'what refers to it',
  path: 'the way from the root to it, step by step',
  dominated: 'what only it keeps alive, first level',
  'classes [text]': 'the largest classes; only those whose name has the text',
  'select …': 'a query, as holter heap query; this is the object where one is needed: retainers(this)',
  help: 'this list',
  exit: 'leave (or Ctrl-D)',
};
const NAMES = Object.keys(COMMANDS).map((command) => command.split(' ')[0] as string);
/** Edges that completion offers; an array has millions. */
const MOST_COMPLETIONS = 200;

/** A walk through a heap by typed commands: one object is the current one. Pure: lines in, text out. */
export class ExploreSession {
  private readonly heap: Heap;
  private readonly properties: ObjectProperties;
  private readonly trail: number[] = [];
  private current: number;

  constructor(heap: Heap) {
    this.heap = heap;
    this.properties = new ObjectProperties(heap.snapshot);
    this.current = this.startNode();
  }

  /** Where one is, short, for the prompt: `Map @123`. */
  get place(): string {
    return `${cleanText(classNameOf(this.heap, this.current)).slice(0, 30) || 'root'} @${this.heap.snapshot.nodeId[this.current]}`;
  }

  /**
   * Does one line; undefined = leave.
   * @throws HolterError E_USAGE for what is not understood, E_INTERRUPTED
   */
  async run(line: string, style: Style, signal?: AbortSignal): Promise<string | undefined> {
    const text = line.trim().replace(/;$/, '');
    const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(text) ?? [];
    const ask = async (query: string) =>
      renderQueryResult(
        await runQuery(this.heap, query, { limit: 40, ...(signal === undefined ? {} : { signal }) }),
        style,
      );
    const id = `@${this.heap.snapshot.nodeId[this.current]}`;
    switch (word.toLowerCase()) {
      case '':
        return '';
      case 'exit':
      case 'quit':
      case '.exit':
        return undefined;
      case 'help':
      case '?':
        return `${Object.entries(COMMANDS)
          .map(([command, about]) => `${command.padEnd(16)}${about}`)
          .join('\n')}\n`;
      case 'pwd':
        return `${cleanText(pathText(this.heap, this.current)) || '/'}  ${id}\n`;
      case 'cd':
        this.go(rest);
        return '';
      case 'ls':
        return ask(
          `select edge, edgetype as kind, id, class, name, retained from refs(${id})${containing('edge', rest)} order by retained desc`,
        );
      case 'show':
        return this.describe();
      case 'retainers':
      case 'dominated':
      case 'path':
        if (rest === '') return ask(`${word}(${id})`);
        break;
      case 'classes':
        return ask(`select * from classes${containing('class', rest)} order by retained desc`);
      case 'suspects':
        throw new HolterError('E_USAGE', 'suspects are looked for over the whole file', {
          hint: `holter heap suspects ${this.heap.snapshot.name}`,
        });
    }
    if (/^(select\b|\w+\s*\()/i.test(text) || Object.hasOwn(QUERY_TABLES, word))
      return ask(text.replace(/\bthis\b/g, id));
    const near = nearestName(word, [...NAMES, 'select']);
    throw new HolterError('E_USAGE', `there is no command ${word.slice(0, 40)}`, {
      hint: near === undefined ? 'help' : `did you mean ${near}?`,
    });
  }

  /** What could be typed at the end of a line, and the part of it that is replaced. */
  complete(line: string): [string[], string] {
    const [, before = '', part = ''] = /^(.*?)([^\s]*)$/s.exec(line) ?? [];
    const command = before.trim().toLowerCase();
    if (command === '')
      return [NAMES.filter((name) => name.startsWith(part)).map((name) => `${name} `), part];
    if (command === 'cd') return this.completePath(part);
    if (command === 'ls') return [this.edgeNames(this.current, part), part];
    const { classes } = this.heap;
    const quoted = /['"]?([^'"]*)$/.exec(part);
    const wanted = quoted?.[1] ?? part;
    if (wanted === '') return [[], part];
    const names = new Set<string>();
    for (let row = 0; row < classes.count && names.size < MOST_COMPLETIONS; row++)
      if ((classes.name[row] as string).startsWith(wanted)) names.add(classes.name[row] as string);
    return [[...names], wanted];
  }

  /** `app.sess`: the names below `app`. */
  private completePath(part: string): [string[], string] {
    const whole = this.edgeNames(this.current, part);
    const dot = part.lastIndexOf('.');
    if (whole.length > 0 || dot < 1) return [whole, part];
    const at = this.follow(part.slice(0, dot));
    if (typeof at !== 'number') return [[], part];
    const rest = part.slice(dot + 1);
    return [
      this.edgeNames(at, rest).map((name) => part.slice(0, dot) + (name.startsWith('[') ? name : `.${name}`)),
      part,
    ];
  }

  private edgeNames(node: number, part: string): string[] {
    const { snapshot } = this.heap;
    const names = new Set<string>();
    const end = snapshot.firstEdge[node + 1] as number;
    for (let edge = snapshot.firstEdge[node] as number; edge < end; edge++) {
      if (names.size >= MOST_COMPLETIONS) break;
      const type = (snapshot.edgeTarget[edge] as number) & 7;
      const text = edgeText(snapshot, edge);
      const name = type === EDGE.element ? `[${text}]` : text;
      if (name.startsWith(part)) names.add(name);
    }
    return [...names];
  }

  private go(where: string): void {
    const { snapshot } = this.heap;
    if (where === '' || where === '/') {
      this.enter(where === '/' ? 0 : this.startNode());
      return;
    }
    if (where === '..' || where === '-') {
      const last = this.trail.pop();
      if (last !== undefined) this.current = last;
      else if (this.current !== 0) this.current = this.heap.graph.dominator[this.current] as number;
      return;
    }
    const id = /^@?(\d+)$/.exec(where);
    if (where.startsWith('@') && id !== null) {
      const node = findNode(this.heap, Number(id[1]));
      if (node < 0) throw new HolterError('E_USAGE', `there is no object ${where}`);
      this.enter(node);
      return;
    }
    const to = this.follow(where);
    if (typeof to === 'number') {
      this.enter(to);
      return;
    }
    const near = nearestName(to.name, this.edgeNames(to.at, ''));
    throw new HolterError(
      'E_USAGE',
      `${cleanText(classNameOf(this.heap, to.at))} @${snapshot.nodeId[to.at]} has no ${cleanText(to.name)}`,
      { hint: near === undefined ? 'ls lists what it has' : `did you mean ${cleanText(near)}?` },
    );
  }

  /** From the current object along `user.name`, `[3]`, `cache["a b"]`; or where it ends, and at which name. */
  private follow(where: string): number | { at: number; name: string } {
    // The whole as one name first: names may have dots and brackets in them.
    const whole = this.properties.step(where)(this.current);
    if (whole >= 0) return whole;
    let at = this.current;
    for (const [step] of where.matchAll(/\[[^\]]*\]?|[^.[]+/g)) {
      const name = step.startsWith('[')
        ? step
            .slice(1)
            .replace(/\]$/, '')
            .replace(/^(['"])(.*)\1$/s, '$2')
        : step;
      const next = this.properties.step(name)(at);
      if (next < 0) return { at, name };
      at = next;
    }
    return at;
  }

  private enter(node: number): void {
    this.trail.push(this.current);
    this.current = node;
  }

  private describe(): string {
    const { snapshot, graph, retainers, scripts } = this.heap;
    const node = this.current;
    const text = this.properties.text(node);
    const place = scripts.placeOf(node);
    const distance = graph.distance[node] as number;
    const rows: [string, string][] = [
      ['class', classNameOf(this.heap, node)],
      ['id', `@${snapshot.nodeId[node]}`],
      ['type', NODE_TYPES[snapshot.nodeType[node] as number] ?? 'unknown'],
      ...(text.endsWith(` @${snapshot.nodeId[node]}`)
        ? []
        : [['value', JSON.stringify(text.slice(0, 200))] as [string, string]]),
      ['retained', formatBytes(graph.retained.get(node))],
      ['shallow', formatBytes(graph.shallow.get(node))],
      [
        'references',
        formatNumber((snapshot.firstEdge[node + 1] as number) - (snapshot.firstEdge[node] as number)),
      ],
      ['retainers', formatNumber((retainers.first[node + 1] as number) - (retainers.first[node] as number))],
      [
        'distance',
        distance < 0
          ? 'nothing reaches it'
          : distance >= SYSTEM_DISTANCE
            ? 'only V8 holds it'
            : String(distance),
      ],
      ...(place === undefined
        ? []
        : [['place', place.line > 0 ? `${place.file}:${place.line}` : place.file] as [string, string]]),
      ['path', pathText(this.heap, node) || '/'],
    ];
    return `${rows.map(([name, value]) => `${name.padEnd(12)}${cleanText(value)}`).join('\n')}\n`;
  }

  /** The global object, where a program's data begins; the root when there is none. */
  private startNode(): number {
    const { snapshot, graph } = this.heap;
    const global = this.properties.step('global_object');
    for (const root of graph.userRoots) {
      if (/^(global|Window)/.test(snapshot.strings.get(snapshot.nodeName[root] as number))) return root;
      const inside = global(root);
      if (inside >= 0) return inside;
    }
    return 0;
  }
}

function containing(column: string, text: string): string {
  return text === '' ? '' : ` where ${column} ~ '${text.replace(/[\\']/g, '\\$&')}'`;
}
