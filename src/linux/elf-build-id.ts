import { ElfFile } from './elf.ts';

const BUILD_ID = 3;

/** Hexadecimal; '' when the file cannot be read or has none. */
export function buildIdOfFile(path: string): string {
  let elf: ElfFile | undefined;
  try {
    elf = ElfFile.open(path);
  } catch {
    return '';
  }
  if (elf === undefined) return '';
  try {
    return buildIdOf(elf);
  } finally {
    elf.close();
  }
}

/** Hexadecimal; '' when it has none. */
export function buildIdOf(elf: ElfFile): string {
  const section = elf.section('.note.gnu.build-id');
  return section === undefined ? '' : findBuildId(elf.read(section.offset, Math.min(4096, section.size)));
}

/** Of the note of the name GNU and type 3 (elf(5), "Notes"), in hexadecimal; '' there is none. */
export function findBuildId(notes: Uint8Array): string {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameSize = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    const begin = at + 12 + Math.ceil(nameSize / 4) * 4;
    if (begin + size > notes.length || size > 64) return '';
    if (view.getUint32(at + 8, true) === BUILD_ID && nameSize === 4)
      return Buffer.from(notes.subarray(begin, begin + size)).toString('hex');
    at = begin + Math.ceil(size / 4) * 4;
  }
  return '';
}
