import { HolterError } from '../base/errors.ts';
import { symbolsOf } from '../linux/image-symbols.ts';
import type { PagedMemory } from '../linux/memory.ts';
import type { ImageSymbols } from '../linux/native-symbol.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import { testLayout } from './layout-votes.ts';
import { constantsOf, profileByBuildId, profileByVersion, withProfileSymbols } from './profile-of-image.ts';
import { readConstants, readLayout } from './read-layout.ts';
import type { V8Reader } from './v8-reader.ts';

/**
 * Finds V8 in an image: its version, the layout of its objects, tested on the objects at hand (layout-votes.ts).
 * @param options.ignoreProfiles take the metadata of the binary also where holter knows this build (tests do)
 * @throws HolterError E_NOT_NODE: there is no V8 in it, its layout cannot be known, or it is one that holter cannot read
 */
export function openV8(image: ProcessImage, options: { ignoreProfiles?: boolean } = {}): V8Reader {
  const { memory } = image;
  const problems: string[] = [];
  let symbols = symbolsOf(image);
  // A profile has what the metadata of this very build says, and looking for 500 symbols in a binary takes a tenth of a second.
  let profile = options.ignoreProfiles === true ? undefined : profileByBuildId(image);
  let constants = profile === undefined ? readConstants(symbols, memory) : constantsOf(profile);
  if (!hasV8(constants)) {
    profile = profileByVersion(image);
    if (profile === undefined) throw notNode(image);
    constants = constantsOf(profile);
  }
  if (profile !== undefined && !hasBinary(image)) {
    symbols = withProfileSymbols(symbols, profile);
    problems.push(
      `the binary of this process is not here: layout of Node ${profile.node} from holter's own tables, native functions have no names`,
    );
  }
  const layout = readLayout(
    constants,
    profile?.node ?? readNodeVersion(symbols, memory),
    profile?.v8 ?? readV8Version(symbols, memory),
  );
  if (constants.get('TaggedSize') === 4) {
    throw new HolterError(
      'E_NOT_NODE',
      `cannot read V8's objects in ${image.name}: this build compresses pointers, as Electron and Deno do`,
    );
  }
  if (!layout.isKnown) {
    problems.push(
      `V8 ${layout.v8Version || 'of unknown version'} is not among those holter was measured on: what its metadata lacks is taken from the nearest, tested where possible`,
    );
  }
  const v8 = testLayout({ image, memory, layout, symbols, problems });
  image.problems.push(...problems);
  return v8;
}

/** Without these nothing can be read; a handful of other symbols may be left of a stripped build. */
function hasV8(constants: ReadonlyMap<string, number>): boolean {
  return constants.has('type_Map__MAP_TYPE') && constants.size > 100;
}

function hasBinary(image: ProcessImage): boolean {
  const program = image.mappings.find(({ path }) => path === image.executable);
  return program !== undefined && image.fileOf(program) !== undefined;
}

function notNode(image: ProcessImage): HolterError {
  const { executable, name, problems } = image;
  const isHere = executable !== '' && hasBinary(image);
  const [first] = problems;
  // What is wrong with the core says more than that V8 is not found in it.
  const why = first === undefined ? '' : ` (${first})`;
  if (!isHere) {
    return new HolterError(
      'E_NOT_NODE',
      `cannot find V8 in ${name}: ${executable === '' ? 'its executable is not known' : `${executable} is not here, or is another build`}${why}`,
      { hint: 'give the binary that it ran: --exe PATH' },
    );
  }
  return new HolterError(
    'E_NOT_NODE',
    `cannot find V8 in ${name}: it runs ${executable}, which is not Node${why}`,
  );
}

/** From `v8::internal::Version::{major_,minor_,build_,patch_}`, ints of .data; '' unknown. */
function readV8Version(symbols: ImageSymbols, memory: PagedMemory): string {
  const found = symbols.withPrefix('_ZN2v88internal7Version');
  const parts = ['6major_E', '6minor_E', '6build_E', '6patch_E'].map((part) => {
    const symbol = found.get(`_ZN2v88internal7Version${part}`);
    if (symbol === undefined) return Number.NaN;
    // .data may be missing in a cut core; nobody writes to it, so the file says the same.
    const value = memory.i32(symbol.address);
    return Number.isNaN(value) ? (symbol.value ?? Number.NaN) : value;
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
