import type { Span } from './query-error.ts';

/** What a query says, before it is known whether it makes sense. The grammar is in docs/heap-query.md. */
export interface QuerySyntax {
  /** `*` when empty. */
  items: QueryItem[];
  from: { table: string; args: Expression[]; span: Span } | undefined;
  where: Expression | undefined;
  groupBy: Expression[];
  having: Expression | undefined;
  orderBy: { expression: Expression; descending: boolean }[];
  limit: number | undefined;
  offset: number;
}

export interface QueryItem {
  expression: Expression;
  /** As written or named with `as`. */
  name: string;
}

export type BinaryOperator =
  | 'or'
  | 'and'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '~'
  | '!~'
  | 'like'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

export type Expression =
  | { kind: 'number'; value: number; unit: 'none' | 'bytes' | 'share'; span: Span }
  | { kind: 'text'; text: string; span: Span }
  | { kind: 'regex'; pattern: string; flags: string; span: Span }
  | { kind: 'id'; id: number; span: Span }
  | { kind: 'boolean'; value: boolean; span: Span }
  | { kind: 'column'; name: string; span: Span }
  | { kind: 'call'; name: string; args: Expression[]; star: boolean; distinct: boolean; span: Span }
  | { kind: 'unary'; operator: 'not' | '-'; operand: Expression; span: Span }
  | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression; span: Span }
  | { kind: 'in'; operand: Expression; list: Expression[]; negated: boolean; span: Span };
