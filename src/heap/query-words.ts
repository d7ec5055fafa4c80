/** Words of the query language, and what help says about each; apart from what they do, so that help loads nothing else. */

/** Tables of a query: name, and what help says about each. */
export const QUERY_TABLES: Record<string, { argument: boolean; about: string }> = {
  objects: { argument: false, about: "every object of the snapshot, V8's own too; the default" },
  classes: { argument: false, about: 'the class histogram' },
  strings: { argument: false, about: 'every different text, with its copies' },
  edges: { argument: false, about: 'every reference' },
  retainers: { argument: true, about: 'what refers to an object: retainers(@123)' },
  refs: { argument: true, about: 'what an object refers to: refs(@123)' },
  path: { argument: true, about: 'from the root to an object, step by step: path(@123)' },
  dominated: { argument: true, about: 'what only an object keeps alive, first level: dominated(@123)' },
};

/** Columns of objects, and what help says about them; `nodeAt` gives the node of a row. */
export const OBJECT_COLUMNS: Record<string, string> = {
  id: "V8's id, written @123",
  class: 'class as in heap show: Session, (string), {id, name}',
  name: 'constructor of an object, content of a string, name of a function',
  type: 'object, string, closure, array, native, hidden, …',
  shallow: 'own bytes, with those of its backing stores',
  retained: 'bytes freed with it',
  self: 'bytes as the file says, without backing stores',
  distance: 'steps from the roots; 100000000 and more: only V8 itself holds it',
  edges: 'how many references go out',
  retainers: 'how many come in',
  detached: 'removed from the DOM but still held',
  place: 'path:line of its constructor or, of a function, its own',
  file: 'path of that',
  line: 'line of that, from 1 on',
  package: "npm package of that, '' is own code, node Node's, ? unknown",
  dominator: 'the object without which it would be freed',
  path: 'how it is reached: app.sessions[12]; slow, so not in where',
};

export const CLASS_COLUMNS: Record<string, string> = {
  class: 'name',
  count: 'instances',
  shallow: 'bytes of all of them',
  retained: 'bytes freed with all of them, nested ones once',
  distance: 'of the nearest instance',
  place: 'path:line of the constructor',
  file: 'path of that',
  line: 'line of that, from 1 on',
  package: 'npm package of that',
};

export const STRING_COLUMNS: Record<string, string> = {
  text: 'the first 1024 characters',
  length: 'of that',
  copies: 'string objects with this text',
  shallow: 'bytes of all copies',
  wasted: 'bytes that all copies but one take',
  id: 'one of the copies',
};

export const EDGE_COLUMNS: Record<string, string> = {
  source: 'the object that refers',
  target: 'the object it refers to',
  name: 'name of the property or variable, or the index',
  type: 'property, element, context, internal, hidden, shortcut, weak',
};

/** Column names of a table, with what help says about them. */
export function describeColumns(name: string): Record<string, string> {
  if (name === 'classes') return CLASS_COLUMNS;
  if (name === 'strings') return STRING_COLUMNS;
  if (name === 'edges') return EDGE_COLUMNS;
  if (name === 'objects' || name === 'dominated') return OBJECT_COLUMNS;
  return {
    edge: 'name of the reference',
    edgetype: 'property, element, context, internal, …',
    ...OBJECT_COLUMNS,
  };
}

/** Functions of a row, and what help says about each. */
export const FUNCTIONS: Record<string, string> = {
  prop: "prop('name'), prop('user', 'name'): value of a property or variable as text, '' when there is none",
  ref: "ref('name'): the object a property refers to",
  has: "has('name'): is there such a property",
  instanceof: "instanceof('EventEmitter'): this class or one that extends it",
  dominates: 'dominates(@1, @2): would the second be freed with the first; dominates(@1, id)',
  length: 'length(name): characters',
  lower: 'lower(name)',
  number: "number(prop('size')): the number a text is",
  ...Object.fromEntries(
    Object.keys(OBJECT_COLUMNS).map((name) => [name, `${name}(dominator): the column of another object`]),
  ),
};
