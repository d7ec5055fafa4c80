import type { ImageSymbols } from '../linux/native-symbol.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import { buildIdAt } from './image-binaries.ts';
import { PROFILE_NAMES, PROFILES, type V8Profile } from './v8-profiles.ts';

/**
 * Symbols whose addresses a profile keeps: what `openV8` reads from memory, and tables of the interpreter that baseline
 * frames need.
 */
export const KEPT_SYMBOLS: readonly string[] = [
  '_ZN2v88internal7Version6major_E',
  '_ZN2v88internal7Version6minor_E',
  '_ZN2v88internal7Version6build_E',
  '_ZN2v88internal7Version6patch_E',
  '_ZN4node11per_process8metadataE',
];

/** The profile of the build that an image ran (kernel cores keep the first page of each binary); undefined: another build. */
export function profileByBuildId(image: ProcessImage): V8Profile | undefined {
  const { memory, mappings, executable } = image;
  for (const { path, offset, start } of mappings) {
    if (offset !== 0 || (path !== executable && !/\/libnode\.so[^/]*$/.test(path))) continue;
    const buildId = buildIdAt(memory, start);
    const profile = buildId === '' ? undefined : PROFILES.find((each) => each.buildId === buildId);
    if (profile !== undefined) return profile;
  }
  return undefined;
}

/**
 * The profile of the version that stands in memory where an official build has it: those lie at fixed addresses, so their
 * data can be looked up without any file. Undefined: another build.
 */
export function profileByVersion({ memory }: ProcessImage): V8Profile | undefined {
  return PROFILES.find(
    ({ v8, symbols }) =>
      symbols[0] !== 0 &&
      v8 ===
        symbols
          .slice(0, 4)
          .map((address) => memory.i32(address))
          .join('.'),
  );
}

/** Metadata constants of a profile, as `readConstants` gives those of a binary. */
export function constantsOf(profile: V8Profile): Map<string, number> {
  const constants = new Map<string, number>();
  const values = profile.values.split(' ');
  for (const [index, name] of PROFILE_NAMES.split(' ').entries()) {
    const value = values[index];
    if (value !== undefined && value !== '') constants.set(name, Number(value));
  }
  return constants;
}

/** Symbols of an image whose binary is not here: the few of the profile, by fixed address; nothing else has a name. */
export function withProfileSymbols(symbols: ImageSymbols, profile: V8Profile): ImageSymbols {
  return new Proxy(symbols, {
    get: (target, key) => {
      if (key === 'addressOf') {
        return (mangled: string): number | undefined =>
          target.addressOf(mangled) ?? (profile.symbols[KEPT_SYMBOLS.indexOf(mangled)] || undefined);
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * Constants without the types of fields (V8 renames those, and readers ignore them) and without what no reader asks for:
 * who inherits from whom.
 */
export function shortConstants(constants: ReadonlyMap<string, number>): Map<string, number> {
  const short = new Map<string, number>();
  for (const [name, value] of constants) {
    if (name.startsWith('parent_')) continue;
    if (!name.startsWith('class_')) {
      short.set(name, value);
      continue;
    }
    const second = name.indexOf('__', name.indexOf('__') + 2);
    short.set(second < 0 ? name : name.slice(0, second), value);
  }
  return short;
}
