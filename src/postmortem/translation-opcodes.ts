/** What an instruction of a translation is for us; what does not matter for stacks is `other` and is only skipped. */
export type TranslationKind =
  | 'begin'
  | 'function'
  | 'continuation'
  | 'construct'
  | 'frame'
  | 'literal'
  | 'slot'
  | 'register'
  | 'captured'
  | 'elements'
  | 'duplicate'
  | 'concatenation'
  | 'value'
  | 'feedback'
  | 'repeat';

export interface TranslationOpcode {
  kind: TranslationKind;
  operands: number;
}

/** How a V8 writes translations (V8: src/deoptimizer/translation-opcode.h; research/inlined-frames.md §2). */
export interface TranslationDialect {
  /** V8 10 writes the opcode as a signed integer, later ones as a byte; those from its count of opcodes on repeat. */
  isOpcodeSigned: boolean;
  /** BEGIN has a distance back to the translation it repeats parts of. */
  hasLookback: boolean;
  opcodes: readonly TranslationOpcode[];
}

/** `kind/operands` in the order of the opcodes; `kind/operands*n` stands for n alike. */
function opcodesOf(text: string): TranslationOpcode[] {
  return text
    .trim()
    .split(/\s+/)
    .flatMap((item) => {
      const [, kind, operands, count] = /^(\w+)\/(\d)(?:\*(\d+))?$/.exec(item)!;
      return Array.from({ length: Number(count ?? 1) }, () => ({
        kind: kind as TranslationKind,
        operands: Number(operands),
      }));
    });
}

/** Only tagged slots and registers have kinds of their own: values of other types are numbers that no frame is named by. */
const DIALECTS: Readonly<Record<number, TranslationDialect>> = {
  102: {
    isOpcodeSigned: true,
    hasLookback: false,
    opcodes:
      opcodesOf(`frame/2 elements/1 value/0 begin/3 value/1*2 frame/3 captured/1 construct/3 value/1*2 duplicate/1
      value/1*6 function/5
      continuation/3*2 frame/4 literal/1 register/1 slot/1 value/1*2 feedback/2`),
  },
  113: {
    isOpcodeSigned: false,
    hasLookback: true,
    opcodes:
      opcodesOf(`elements/1 value/0 begin/3*2 value/1*2 frame/3 captured/1 construct/3 value/1*2 duplicate/1 value/1*2
      frame/2 value/1*8
      function/5 function/3 continuation/3*2 frame/4 value/0 literal/1 register/1 slot/1 value/1*2 feedback/2 repeat/1`),
  },
  124: {
    isOpcodeSigned: false,
    hasLookback: true,
    opcodes:
      opcodesOf(`function/5 function/3 continuation/3*2 construct/2 construct/1 frame/3 frame/4 frame/3 frame/2
      elements/1 value/0 begin/3*2 value/1*2 captured/1 value/1*4 duplicate/1 value/1*10 value/0 literal/1 register/1 slot/1 value/1*2
      feedback/2 repeat/1`),
  },
  136: {
    isOpcodeSigned: false,
    hasLookback: true,
    opcodes:
      opcodesOf(`function/6 function/4 continuation/3*2 construct/2 construct/1 frame/3 frame/4 frame/3*2 frame/3
      elements/1 value/0*2 begin/3*2 value/1*2 captured/1 concatenation/0 value/1*6 duplicate/1 value/1*10 value/0 literal/1 register/1 slot/1
      value/1*2 feedback/2 repeat/1`),
  },
};

/** The dialect of a V8 version (10.2 → 102), of the nearest measured one for others: self-tests tell whether it fits. */
export function dialectOf(v8Number: number): TranslationDialect {
  let nearest = 102;
  for (const known of Object.keys(DIALECTS).map(Number)) {
    if (Math.abs(known - v8Number) <= Math.abs(nearest - v8Number)) nearest = known;
  }
  return DIALECTS[nearest]!;
}
