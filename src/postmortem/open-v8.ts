import { HolterError } from '../base/errors.ts';
import { symbolsOf } from '../linux/image-symbols.ts';
import type { PagedMemory } from '../linux/memory.ts';
import type { ImageSymbols } from '../linux/native-symbol.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import { readConstants, readLayout } from './read-layout.ts';
import type { V8Reader } from './v8-reader.ts';

/**
 * Finds V8 in an image: its version, the layout of its objects.
 * @throws HolterError E_NOT_NODE: there is no V8 in it
 */
export function openV8(image: ProcessImage): V8Reader {
  const { memory } = image;
  const symbols = symbolsOf(image);
  const constants = readConstants(symbols, memory);
  if (constants.size === 0) {
    throw new HolterError(
      'E_NOT_NODE',
      `cannot find V8 in ${image.name}: ${image.executable} has no metadata of it`,
    );
  }
  const layout = readLayout(constants, readNodeVersion(symbols, memory), readV8Version(symbols, memory));
  const problems: string[] = [];
  return { image, memory, layout, symbols, problems };
}

/** From `v8::internal::Version::{major_,minor_,build_,patch_}`, ints of .data; '' unknown. */
function readV8Version(symbols: ImageSymbols, memory: PagedMemory): string {
  const parts = ['6major_E', '6minor_E', '6build_E', '6patch_E'].map((part) => {
    const address = symbols.addressOf(`_ZN2v88internal7Version${part}`);
    return address === undefined ? Number.NaN : memory.i32(address);
  });
  return parts.some((part) => !(part >= 0 && part < 100_000)) ? '' : parts.join('.');
}

/** From `node::per_process::metadata`, which begins with the std::string of the version; '' unknown. */
function readNodeVersion(symbols: ImageSymbols, memory: PagedMemory): string {
  const address = symbols.addressOf('_ZN4node11per_process8metadataE');
  if (address === undefined) return '';
  const length = memory.word(address + 8);
  const text = length > 0 && length < 64 ? memory.text(memory.word(address), length) : '';
  return /^\d+\.\d+\.\d+/.test(text) ? text : '';
}
