import { HolterError } from '../base/errors.ts';

/** Schema of the file of symbols that a recording keeps. */
export const KEPT_SYMBOLS_SCHEMA = 'holter.perf-symbols/1';

/** A function of a file: its offset there in bytes, how many it has (0 unknown), its name as in the file. */
export type KeptSymbol = readonly [address: number, size: number, name: string];

/**
 * The symbols that the samples of a recording need, so that it can be read on another machine: docs/formats/perf-recording.md.
 * Kernel addresses have their upper 16 bits left away, and no size; modules stand in the name: `nft_do_chain [nf_tables]`.
 */
export interface KeptSymbols {
  schema: typeof KEPT_SYMBOLS_SCHEMA;
  kernel: KeptSymbol[];
  files: {
    /** As the process saw it. */
    path: string;
    /** '' unknown. */
    buildId: string;
    symbols: KeptSymbol[];
  }[];
}

/** @throws HolterError E_FILE_FORMAT */
export function parseKeptSymbols(text: string, name: string): KeptSymbols {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name}: the symbols are no JSON`, { cause });
  }
  const { schema, kernel, files } = (value ?? {}) as Partial<KeptSymbols>;
  if (schema !== KEPT_SYMBOLS_SCHEMA || !areSymbols(kernel) || !Array.isArray(files))
    throw new HolterError('E_FILE_FORMAT', `${name} holds no ${KEPT_SYMBOLS_SCHEMA}`);
  for (const file of files)
    if (typeof file?.path !== 'string' || typeof file.buildId !== 'string' || !areSymbols(file.symbols))
      throw new HolterError('E_FILE_FORMAT', `${name}: a file of its symbols is damaged`);
  return { schema, kernel, files };
}

function areSymbols(value: unknown): value is KeptSymbol[] {
  return (
    Array.isArray(value) &&
    value.every(
      (row) =>
        Array.isArray(row) &&
        Number.isSafeInteger(row[0]) &&
        Number.isSafeInteger(row[1]) &&
        typeof row[2] === 'string',
    )
  );
}

/** The symbol an address is in, of rows ascending by address; `slack`: bytes a symbol without size may reach. */
export function keptSymbolAt(
  symbols: readonly KeptSymbol[],
  address: number,
  slack: number,
): KeptSymbol | undefined {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbols[middle]![0] <= address) low = middle + 1;
    else high = middle;
  }
  const found = symbols[low - 1];
  if (found === undefined) return undefined;
  return address - found[0] < (found[1] === 0 ? slack : found[1]) ? found : undefined;
}
