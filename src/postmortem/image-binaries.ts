import { buildIdOfFile, findBuildId } from '../linux/elf-build-id.ts';
import type { PagedMemory } from '../linux/memory.ts';
import type { Mapping } from '../linux/memory-map.ts';
import type { ProcessImage } from '../linux/process-image.ts';

/** A binary whose code the process had mapped. */
export interface ImageBinary {
  /** As the target saw it. */
  path: string;
  /** Hexadecimal; '' unknown. Of what ran, out of memory. */
  buildId: string;
  /** Where it can be read here; '' not. */
  file: string;
  /** Of that file; '' unknown. */
  fileBuildId: string;
  /** `right`: the same build. `other`: another, its names would be wrong. `missing`. `unknown`: no build-id to compare. */
  match: 'right' | 'other' | 'missing' | 'unknown';
}

const NOTE = 4;
const MOST_BINARIES = 500;

/** Binaries of an image with their build-ids (NT_GNU_BUILD_ID), the executable first. */
export function listBinaries(image: ProcessImage): ImageBinary[] {
  const first = new Map<string, Mapping>();
  const withCode = new Set<string>();
  for (const mapping of image.mappings) {
    if (!mapping.path.startsWith('/')) continue;
    if (mapping.permissions[2] === 'x') withCode.add(mapping.path);
    const known = first.get(mapping.path);
    if (known === undefined || mapping.offset < known.offset) first.set(mapping.path, mapping);
  }
  const paths = [...first.keys()].filter((path) => withCode.has(path)).slice(0, MOST_BINARIES);
  paths.sort((a, b) => Number(b === image.executable) - Number(a === image.executable) || (a < b ? -1 : 1));
  return paths.map((path) => {
    const mapping = first.get(path)!;
    const buildId = mapping.offset === 0 ? buildIdAt(image.memory, mapping.start) : '';
    const file = image.fileOf(mapping) ?? '';
    const fileBuildId = file === '' ? '' : buildIdOfFile(file);
    const match =
      file === ''
        ? 'missing'
        : buildId === '' || fileBuildId === ''
          ? 'unknown'
          : buildId === fileBuildId
            ? 'right'
            : 'other';
    return { path, buildId, file, fileBuildId, match };
  });
}

/** Build-id of a binary whose ELF header is mapped at `base`: kernel cores keep that page of each. */
export function buildIdAt(memory: PagedMemory, base: number): string {
  if (memory.u32(base) !== 0x464c457f) return '';
  const headers = base + memory.word(base + 32);
  const size = memory.u16(base + 54);
  const count = Math.min(64, memory.u16(base + 56));
  const lowest = firstAddress(memory, headers, size, count);
  for (let i = 0; i < count; i++) {
    const header = headers + i * size;
    if (memory.u32(header) !== NOTE) continue;
    const id = findBuildId(
      memory.bytes(base + memory.word(header + 16) - lowest, Math.min(4096, memory.word(header + 32))),
    );
    if (id !== '') return id;
  }
  return '';
}

/** Address of the first PT_LOAD: what `base` is for. */
function firstAddress(memory: PagedMemory, headers: number, size: number, count: number): number {
  for (let i = 0; i < count; i++)
    if (memory.u32(headers + i * size) === 1) return memory.word(headers + i * size + 16);
  return 0;
}
