import { HolterError } from '../base/errors.ts';
import { type Clause, type Expression, type Program, programError, type Statement } from './d-parser.ts';
import type { CatalogueEntry } from './provider-catalogue.ts';
import type { ProbeName } from './provider-host.ts';

export interface CompiledProgram {
  /** A JavaScript expression, `(rt) => [{ probes, run }, …]`, made from the syntax tree only. */
  text: string;
  usesSelf: boolean;
  usesThis: boolean;
  patterns: ProbeName[];
  aggregations: { name: string; fn: string; params: number[] }[];
  options: Record<string, string>;
}

const BUILTINS: Record<string, string> = {
  timestamp: 'R.timestamp()',
  vtimestamp: 'R.vtimestamp()',
  walltimestamp: 'R.walltimestamp()',
  pid: 'R.pid',
  tid: 'R.tid',
  ppid: 'R.ppid',
  uid: 'R.uid',
  gid: 'R.gid',
  execname: 'R.execname',
  cwd: 'R.cwd()',
  probeprov: 'R.probe.provider',
  probemod: 'R.probe.module',
  probefunc: 'R.probe.function',
  probename: 'R.probe.name',
  ustackdepth: 'R.stackDepth()',
  stackdepth: 'R.stackDepth()',
  NULL: '0',
  id: '0',
  cpu: '0',
  errno: '0',
};
const NUMBERS = new Set([
  'timestamp',
  'vtimestamp',
  'walltimestamp',
  'pid',
  'tid',
  'ppid',
  'uid',
  'gid',
  'ustackdepth',
  'stackdepth',
]);
/** Least and most arguments. */
const FUNCTIONS: Record<string, [number, number]> = {
  strlen: [1, 1],
  strjoin: [2, 2],
  substr: [2, 3],
  basename: [1, 1],
  dirname: [1, 1],
  cleanpath: [1, 1],
  strtok: [2, 2],
  index: [2, 3],
  rindex: [2, 3],
  strchr: [2, 2],
  strrchr: [2, 2],
  strstr: [2, 2],
  toupper: [1, 1],
  tolower: [1, 1],
  json: [2, 2],
  copyinstr: [1, 2],
  copyin: [1, 2],
  stringof: [1, 1],
  lltostr: [1, 2],
  strtoll: [1, 2],
  rand: [0, 0],
  jstack: [0, 2],
  ustack: [0, 2],
  stack: [0, 2],
  trace: [1, 1],
  print: [1, 1],
  exit: [0, 1],
};
const REFUSED: Record<string, string> = {
  stop: 'it would stop the process',
  raise: 'it would send the process a signal',
  copyout: 'it would write into the process',
  copyoutstr: 'it would write into the process',
  system: 'it would run commands',
  freopen: 'it would write files',
  ftruncate: 'it would write files',
  chill: 'it would hold the process',
  panic: 'it is about the kernel',
  breakpoint: 'it is about the kernel',
  tracemem: 'there is no memory to dump: use print(arg0)',
  alloca: 'there is no memory to copy',
  bcopy: 'there is no memory to copy',
  mutex_owned: 'it is about the kernel',
  progenyof: 'only one process is looked at',
  speculate: 'speculations are not there: keep text in self->',
  speculation: 'speculations are not there',
  commit: 'speculations are not there',
  discard: 'speculations are not there',
  uaddr: 'there are no addresses',
  usym: 'there are no addresses',
  umod: 'there are no addresses',
  func: 'it is about the kernel',
  sym: 'it is about the kernel',
  mod: 'it is about the kernel',
  setopt: 'use #pragma D option',
  inet_ntoa: 'addresses are text already',
  inet_ntop: 'addresses are text already',
  htonl: 'values are no raw bytes',
  ntohl: 'values are no raw bytes',
};
const AGGREGATES: Record<string, [number, number]> = {
  count: [0, 0],
  sum: [1, 1],
  avg: [1, 1],
  min: [1, 1],
  max: [1, 1],
  stddev: [1, 1],
  quantize: [1, 2],
  lquantize: [3, 4],
  llquantize: [5, 6],
};
const STRINGS = new Set([
  'strjoin',
  'substr',
  'basename',
  'dirname',
  'cleanpath',
  'strtok',
  'strchr',
  'strrchr',
  'strstr',
  'toupper',
  'tolower',
  'json',
  'copyinstr',
  'stringof',
  'lltostr',
  'jstack',
  'ustack',
  'stack',
]);

/** True when a pattern (field '' or glob) and a concrete or glob field can be the same. */
export function fieldMatches(pattern: string, field: string): boolean {
  if (pattern === '' || pattern === '*' || field === '*') return true;
  const source = (glob: string): RegExp | undefined => {
    const text = glob
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.')
      .replace(/\[!/g, '[^');
    try {
      return new RegExp(`^${text}$`);
    } catch {
      return undefined;
    }
  };
  return (
    source(pattern)?.test(field) === true || (field.includes('*') && source(field)?.test(pattern) === true)
  );
}

export function patternMatches(
  pattern: ProbeName,
  probe: Pick<CatalogueEntry, 'provider' | 'module' | 'function' | 'name'>,
): boolean {
  return (
    fieldMatches(pattern.provider, probe.provider) &&
    fieldMatches(pattern.module, probe.module) &&
    fieldMatches(pattern.function, probe.function) &&
    fieldMatches(pattern.name, probe.name)
  );
}

/**
 * Checks a program and makes JavaScript of it. What of D is not supported is refused with its name and the reason.
 * @param args of the command line: $1, $2 …
 * @throws HolterError E_USAGE, pointing at the column
 */
export function compileProgram(
  program: Program,
  catalogue: readonly CatalogueEntry[],
  args: readonly string[],
  target: number,
): CompiledProgram {
  const aggregations: CompiledProgram['aggregations'] = [];
  const known = new Map<string, number>();
  let usesSelf = false;
  let usesThis = false;
  const fail = (at: number, message: string): never => {
    throw programError(program, at, message);
  };
  const text = (value: string): string =>
    JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');

  function aggregation(at: number, name: string): number {
    return known.get(name) ?? fail(at, `the aggregation @${name} is nowhere filled`);
  }
  /** A pass before: an END clause may stand before the one that fills. */
  function declare(statements: readonly Statement[]): void {
    for (const one of statements) {
      if (one.kind === 'if') {
        declare(one.yes);
        declare(one.no);
      }
      if (one.kind !== 'aggregate') continue;
      const limits = Object.hasOwn(AGGREGATES, one.fn) ? AGGREGATES[one.fn] : undefined;
      if (limits === undefined) {
        fail(one.at, `\`${one.fn}\` is no aggregating function: ${Object.keys(AGGREGATES).join(', ')}`);
        continue;
      }
      if (one.args.length < limits[0] || one.args.length > limits[1])
        fail(one.at, `${one.fn}() with ${one.args.length} arguments`);
      const params = one.args.slice(1).map((value) => {
        const number =
          value.kind === 'unary' && value.op === '-' && value.operand.kind === 'number'
            ? -value.operand.value
            : value.kind === 'number'
              ? value.value
              : undefined;
        // The increment of quantize(value, increment) may be any expression.
        if (number === undefined && one.fn !== 'quantize')
          return fail(value.at, `the limits of ${one.fn} are numbers`);
        return number ?? 0;
      });
      if (
        one.fn === 'lquantize' &&
        !(
          (params[1] ?? 0) > (params[0] ?? 0) &&
          (params[2] ?? 1) > 0 &&
          ((params[1] ?? 0) - (params[0] ?? 0)) / (params[2] ?? 1) <= 10_000
        )
      )
        fail(one.at, 'lquantize(value, low, high, step): low < high, step > 0, at most 10000 levels');
      if (
        one.fn === 'llquantize' &&
        !(
          (params[0] ?? 0) >= 2 &&
          (params[1] ?? 0) >= 0 &&
          (params[2] ?? 0) >= (params[1] ?? 0) &&
          (params[2] ?? 0) < 60 &&
          (params[3] ?? 0) >= 1 &&
          (params[3] ?? 0) <= 1000
        )
      )
        fail(
          one.at,
          'llquantize(value, factor, low, high, steps): factor ≥ 2, 0 ≤ low ≤ high < 60, steps 1 to 1000',
        );
      const index = known.get(one.name);
      if (index === undefined) {
        known.set(one.name, aggregations.length);
        aggregations.push({ name: one.name, fn: one.fn, params });
      } else if (
        aggregations[index]?.fn !== one.fn ||
        JSON.stringify(aggregations[index]?.params) !== JSON.stringify(params)
      )
        fail(
          one.at,
          `@${one.name} is ${aggregations[index]?.fn}() elsewhere: one aggregation has one function`,
        );
    }
  }
  for (const clause of program.clauses) declare(clause.statements);

  function named(clause: Clause, name: string, at: number): number | undefined {
    let index: number | undefined;
    for (const pattern of clause.probes) {
      if (/^(?:BEGIN|END|ERROR|(?:tick|profile)-.*)$/.test(pattern.name)) return undefined;
      const hits = catalogue.filter((one) => patternMatches(pattern, one) && one.args.length > 0);
      for (const one of hits) {
        // A pattern without provider may match many: these two only where it says so.
        if (pattern.provider === '' && one.provider === 'channel') continue;
        if (
          pattern.provider === '' &&
          one.provider === 'js' &&
          !/\.[cm]?[jt]s$|^global$/.test(pattern.module)
        )
          continue;
        const found = one.args.findIndex((arg) => arg.name === name);
        if (found === -1) {
          if (index !== undefined) fail(at, `\`${name}\` is an argument of some of these probes only`);
          continue;
        }
        if (index !== undefined && index !== found)
          fail(
            at,
            `\`${name}\` is arg${index} of one probe here and arg${found} of another: write the clause for one of them`,
          );
        index = found;
      }
    }
    return index;
  }

  const isNumber = (e: Expression): boolean => {
    if (e.kind === 'number' || e.kind === 'unary' || e.kind === 'step') return true;
    if (e.kind === 'name') return NUMBERS.has(e.name);
    if (e.kind === 'binary') return true;
    if (e.kind === 'choice') return isNumber(e.yes) && isNumber(e.no);
    return e.kind === 'call' && !STRINGS.has(e.name);
  };

  function compileClause(clause: Clause): string {
    const number = (e: Expression): string => (isNumber(e) ? compile(e) : `R.n(${compile(e)})`);
    const truth = (e: Expression): string => {
      if (e.kind === 'binary' && /^(?:==|!=|<=?|>=?)$/.test(e.op)) return comparison(e);
      return isNumber(e) ? `(${compile(e)}) !== 0` : `R.b(${compile(e)})`;
    };
    const comparison = (e: Expression & { kind: 'binary' }): string => {
      const { left, right } = e;
      if (isNumber(left) && isNumber(right))
        return `(${compile(left)} ${e.op === '==' ? '===' : e.op === '!=' ? '!==' : e.op} ${compile(right)})`;
      if (e.op === '==') return `R.eq(${compile(left)}, ${compile(right)})`;
      if (e.op === '!=') return `!R.eq(${compile(left)}, ${compile(right)})`;
      return `(R.cmp(${compile(left)}, ${compile(right)}) ${e.op} 0)`;
    };
    const arithmetic = (op: string, left: string, right: string): string => {
      if (op === '/') return `R.div(${left}, ${right})`;
      if (op === '%') return `R.mod(${left}, ${right})`;
      if (op === '+' || op === '-' || op === '*') return `(${left} ${op} ${right})`;
      return `R.bit(${text(op)}, ${left}, ${right})`;
    };
    const keys = (list: readonly Expression[]): string => `[${list.map(compile).join(', ')}]`;

    function read(e: Expression & { kind: 'variable' }): string {
      if (e.scope === 'self') usesSelf = true;
      if (e.scope === 'this') usesThis = true;
      if (e.keys.length > 0) return `R.getAt(${text(e.scope)}, ${text(e.name)}, ${keys(e.keys)})`;
      if (e.scope === 'self') return `(R.scope().$${e.name} ?? 0)`;
      return e.scope === 'this' ? `(R.own.$${e.name} ?? 0)` : `(R.globals.$${e.name} ?? 0)`;
    }
    function write(target: Expression, value: string, compound: boolean): string {
      const variable = target.kind === 'name' ? asGlobal(target) : target;
      if (variable.kind !== 'variable') return fail(target.at, 'only a variable can be assigned');
      if (variable.scope === 'self') usesSelf = true;
      if (variable.scope === 'this') usesThis = true;
      if (variable.keys.length > 0)
        return `R.setAt(${text(variable.scope)}, ${text(variable.name)}, ${keys(variable.keys)}, ${value})`;
      if (variable.scope === 'self') return `R.setSelf(${text(`$${variable.name}`)}, ${value}, ${compound})`;
      return `(R.${variable.scope === 'this' ? 'own' : 'globals'}.$${variable.name} = ${value})`;
    }
    function asGlobal(e: Expression & { kind: 'name' }): Expression & { kind: 'variable' } {
      if (
        Object.hasOwn(BUILTINS, e.name) ||
        /^arg[0-9]$/.test(e.name) ||
        e.name === 'args' ||
        named(clause, e.name, e.at) !== undefined
      )
        return fail(e.at, `\`${e.name}\` cannot be assigned`);
      return { kind: 'variable', at: e.at, scope: 'global', name: e.name, keys: [] };
    }

    function compile(e: Expression): string {
      switch (e.kind) {
        case 'number':
          return String(e.value);
        case 'string':
          return text(e.value);
        case 'macro': {
          const value =
            e.name === 'target' || e.name === 'pid'
              ? String(target)
              : /^\d+$/.test(e.name)
                ? args[Number(e.name) - 1]
                : undefined;
          if (value === undefined) {
            if (e.name === '0') return text(program.name);
            if (program.options.has('defaultargs')) return e.asString ? '""' : '0';
            return fail(
              e.at,
              /^\d+$/.test(e.name) ? `no argument $${e.name} was given` : `$${e.name} is not known`,
            );
          }
          return !e.asString && /^-?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(value)
            ? `(${Number(value)})`
            : text(value);
        }
        case 'name': {
          const arg = /^arg([0-9])$/.exec(e.name);
          if (arg !== null) return `a${arg[1]}`;
          if (e.name === 'args') return fail(e.at, 'args is used with an index: args[0]');
          const inline = program.inlines.get(e.name);
          if (inline !== undefined && inline !== e) return `(${compile(inline)})`;
          const index = named(clause, e.name, e.at);
          if (index !== undefined) return `a${index}`;
          if (Object.hasOwn(BUILTINS, e.name)) return BUILTINS[e.name] ?? '0';
          return read(asGlobal(e));
        }
        case 'variable':
          return read(e);
        case 'field':
          return `R.field(${compile(e.object)}, ${text(e.field)})`;
        case 'element':
          if (e.object.kind === 'name' && e.object.name === 'args') {
            if (e.index.kind !== 'number' || e.index.value > 9)
              return fail(e.at, 'args has the indices 0 to 9');
            return `a${e.index.value}`;
          }
          return `R.field(${compile(e.object)}, ${compile(e.index)})`;
        case 'unary':
          if (e.op === '!') return `(${truth(e.operand)} ? 0 : 1)`;
          if (e.op === '~') return `R.bit('^', ${number(e.operand)}, -1)`;
          return `(${e.op} ${number(e.operand)})`;
        case 'step': {
          const change = write(e.target, `(${number(e.target)} ${e.op === '++' ? '+' : '-'} 1)`, true);
          return e.prefix ? `(${change})` : `(${change} ${e.op === '++' ? '-' : '+'} 1)`;
        }
        case 'binary':
          if (e.op === '&&') return `(${truth(e.left)} && ${truth(e.right)} ? 1 : 0)`;
          if (e.op === '||') return `(${truth(e.left)} || ${truth(e.right)} ? 1 : 0)`;
          if (e.op === '^^') return `((${truth(e.left)}) !== (${truth(e.right)}) ? 1 : 0)`;
          if (/^(?:==|!=|<=?|>=?)$/.test(e.op)) return `(${comparison(e)} ? 1 : 0)`;
          return arithmetic(e.op, number(e.left), number(e.right));
        case 'choice':
          return `(${truth(e.test)} ? ${compile(e.yes)} : ${compile(e.no)})`;
        case 'assign':
          if (e.op === '=') return write(e.target, compile(e.value), false);
          return write(e.target, arithmetic(e.op.slice(0, -1), number(e.target), number(e.value)), true);
        case 'aggregation':
          return fail(e.at, 'the value of an aggregation cannot be read in a clause: print it with printa');
        case 'call':
          return call(e);
      }
    }
    function call(e: Expression & { kind: 'call' }): string {
      const { name, args: list } = e;
      if (Object.hasOwn(REFUSED, name)) return fail(e.at, `${name}() is not supported: ${REFUSED[name]}`);
      if (Object.hasOwn(AGGREGATES, name))
        return fail(e.at, `${name}() fills an aggregation: @ = ${name}(…)`);
      if (name === 'printf') {
        const [format, ...values] = list;
        if (format?.kind !== 'string') return fail(e.at, 'printf(format, …): the format is a text');
        const segments = parseFormat(format.value, (why) => fail(format.at, why));
        const wanted = segments.reduce(
          (sum, one) => sum + (typeof one === 'string' ? 0 : 1 + (one.star ? 1 : 0)),
          0,
        );
        if (wanted !== values.length)
          return fail(e.at, `printf has ${values.length} values for ${wanted} conversions`);
        return `R.printf(${JSON.stringify(segments)}, [${values.map((value) => (value.kind === 'aggregation' ? fail(value.at, 'an aggregation is printed with printa') : compile(value))).join(', ')}])`;
      }
      if (name === 'printa') {
        const first = list[0]?.kind === 'string' ? list[0].value : undefined;
        if (first !== undefined) parseFormat(first, (why) => fail(list[0]?.at ?? e.at, why));
        const rest = first === undefined ? list : list.slice(1);
        if (rest.length === 0) return fail(e.at, 'printa([format,] @aggregation)');
        const indices = rest.map((one) =>
          one.kind === 'aggregation'
            ? aggregation(one.at, one.name)
            : fail(one.at, 'printa takes aggregations'),
        );
        return `R.printa(${first === undefined ? 'undefined' : text(first)}, [${indices.join(', ')}])`;
      }
      if (/^(?:clear|trunc|normalize|denormalize)$/.test(name)) {
        const [which, value] = list;
        if (which?.kind !== 'aggregation')
          return fail(e.at, `${name}(@aggregation${name === 'normalize' ? ', number' : ''})`);
        if (name === 'normalize' && value === undefined) return fail(e.at, 'normalize(@aggregation, number)');
        return `R.${name}(${aggregation(which.at, which.name)}, ${value === undefined ? '0' : number(value)})`;
      }
      const limits = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
      if (limits === undefined) return fail(e.at, `${name}() is not known`);
      if (list.length < limits[0] || list.length > limits[1])
        return fail(e.at, `${name}() with ${list.length} arguments`);
      return `R.${name}(${list.map(compile).join(', ')})`;
    }
    const body = (statements: readonly Statement[]): string =>
      statements
        .map((one) => {
          if (one.kind === 'expression') return `${compile(one.value)};`;
          if (one.kind === 'if')
            return `if (${truth(one.test)}) { ${body(one.yes)} } else { ${body(one.no)} }`;
          const [value, increment] = one.args;
          const amount =
            one.fn === 'quantize' || one.fn === 'lquantize' || one.fn === 'llquantize'
              ? one.args[{ quantize: 1, lquantize: 4, llquantize: 5 }[one.fn]]
              : undefined;
          void increment;
          return `R.aggregate(${aggregation(one.at, one.name)}, ${keys(one.keys)}, ${value === undefined ? '1' : number(value)}, ${amount === undefined ? '1' : number(amount)});`;
        })
        .join(' ');
    const predicate = clause.predicate === undefined ? '' : `if (!(${truth(clause.predicate)})) return; `;
    const statements = clause.statements.length === 0 ? 'R.fired();' : body(clause.statements);
    return `{ probes: ${JSON.stringify(clause.probes)}, run(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9) { ${predicate}${statements} } }`;
  }
  let compiled: string;
  try {
    compiled = program.clauses.map(compileClause).join(',\n');
  } catch (error) {
    if (error instanceof RangeError)
      throw new HolterError('E_USAGE', `${program.name}: an inline constant stands for itself`, {
        cause: error,
      });
    throw error;
  }
  return {
    text: `(R) => [${compiled}]`,
    usesSelf,
    usesThis,
    patterns: program.clauses.flatMap(({ probes }) => probes),
    aggregations,
    options: Object.fromEntries(program.options),
  };
}

/** One conversion of a format; a string is text between. */
export type FormatSegment =
  | string
  | { flags: string; width: number; precision: number; star: boolean; type: string };

/** Splits a printf format; `fail` tells of a conversion there is not. */
export function parseFormat(format: string, fail: (why: string) => never): FormatSegment[] {
  const segments: FormatSegment[] = [];
  const pattern = /%(?:%|([-+ #0'@]*)(\*|\d+)?(?:\.(\d+))?(?:hh|ll|h|l|L|j|z|t)?(.)?)/gs;
  let last = 0;
  for (const match of format.matchAll(pattern)) {
    if (match.index > last) segments.push(format.slice(last, match.index));
    last = match.index + match[0].length;
    const [whole, flags = '', width = '0', precision, type = ''] = match;
    if (whole === '%%') segments.push('%');
    else if (flags.includes('@') || type === '@')
      segments.push({
        flags: flags.replace('@', ''),
        width: Number(width) || 0,
        precision: Number(precision ?? -1),
        star: false,
        type: `@${flags.includes('@') ? type : ''}`,
      });
    else if (!/^[diuxXocsSfeEgGapAPyYkrt]$/.test(type))
      fail(`the conversion ${JSON.stringify(whole)} is not known`);
    else
      segments.push({
        flags,
        width: Math.min(1000, Number(width) || 0),
        precision: Math.min(1000, Number(precision ?? -1)),
        star: width === '*',
        type,
      });
  }
  if (last < format.length) segments.push(format.slice(last));
  return segments;
}
