import { HolterError } from '../base/errors.ts';

export const CODE_SCHEMA = 'holter.perf-code/1';

/** `perf-code.json`: code of V8's heap, as it lay in the process's memory when the recording ended. */
export interface PerfCodeFile {
  schema: typeof CODE_SCHEMA;
  pid: number;
  /** As perf maps name code. */
  names: string[];
  /** Code address, and the functions that run there, innermost first, as indexes of `names`. */
  code: [address: number, ...names: number[]][];
}

/** @throws HolterError E_FILE_FORMAT */
export function parsePerfCode(text: string, name: string): PerfCodeFile {
  let value: Partial<PerfCodeFile> | undefined;
  try {
    value = JSON.parse(text) as Partial<PerfCodeFile>;
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is no JSON`, { cause });
  }
  const { schema, pid, names, code } = value ?? {};
  const isWhole =
    schema === CODE_SCHEMA &&
    Number.isSafeInteger(pid) &&
    Array.isArray(names) &&
    names.every((each) => typeof each === 'string') &&
    Array.isArray(code) &&
    code.every(
      (row) =>
        Array.isArray(row) &&
        row.length > 1 &&
        row.every(
          (each, at) => Number.isSafeInteger(each) && (at === 0 || (each >= 0 && each < names.length)),
        ),
    );
  if (!isWhole) throw new HolterError('E_FILE_FORMAT', `${name} holds no ${CODE_SCHEMA}`);
  return { schema, pid: pid!, names, code };
}

/** Names by address, innermost first. */
export function codeByAddress({ names, code }: PerfCodeFile): Map<number, string[]> {
  return new Map(code.map(([address, ...rows]) => [address, rows.map((row) => names[row]!)]));
}
