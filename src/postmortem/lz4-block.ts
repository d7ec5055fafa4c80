/** What came of one LZ4 block; `damage`: why it ends before its time. */
export interface DecodedBlock {
  /** Where the output ends now. */
  end: number;
  damage?: string;
}

const SHORTEST_MATCH = 4;
/** Below this a loop is faster than the call of a copying method. */
const LONG = 24;

/**
 * Decodes one LZ4 block (lz4_Block_format.md) of `from` into `into` at `start`; what lies before that is its history, as
 * far back as 64 KB. A damaged or cut block gives what can be decoded of it; nothing is thrown, nothing written outside.
 */
export function decodeBlock(from: Uint8Array, into: Uint8Array, start: number): DecodedBlock {
  const inputEnd = from.length;
  let input = 0;
  let output = start;
  while (input < inputEnd) {
    const token = from[input++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (input >= inputEnd) return cut(output);
        more = from[input++]!;
        literals += more;
      }
    }
    const room = into.length - output;
    if (literals > room) return { end: output, damage: 'a block is larger than it may be' };
    const there = Math.min(literals, inputEnd - input);
    if (there > LONG) into.set(from.subarray(input, input + there), output);
    else for (let i = 0; i < there; i++) into[output + i] = from[input + i]!;
    input += there;
    output += there;
    if (there < literals) return cut(output);
    // The last sequence of a block has no match.
    if (input === inputEnd) return { end: output };
    if (input + 2 > inputEnd) return cut(output);
    const distance = from[input]! | (from[input + 1]! << 8);
    input += 2;
    if (distance === 0 || distance > output)
      return { end: output, damage: 'a block points to before the beginning' };
    let length = (token & 15) + SHORTEST_MATCH;
    if (length === 15 + SHORTEST_MATCH) {
      let more = 255;
      while (more === 255) {
        if (input >= inputEnd) return cut(output);
        more = from[input++]!;
        length += more;
      }
    }
    if (length > into.length - output) return { end: output, damage: 'a block is larger than it may be' };
    copyMatch(into, output, distance, length);
    output += length;
  }
  // An empty block, or one that ends with a match: its end is missing.
  return cut(output);
}

function cut(end: number): DecodedBlock {
  return { end, damage: 'a block ends too early' };
}

/** A match may overlap what it makes: a distance of 1 repeats one byte. */
function copyMatch(into: Uint8Array, output: number, distance: number, length: number): void {
  const source = output - distance;
  if (length <= LONG) for (let i = 0; i < length; i++) into[output + i] = into[source + i]!;
  else if (distance >= length) into.copyWithin(output, source, source + length);
  else if (distance === 1) into.fill(into[source]!, output, output + length);
  else {
    // What is repeated doubles with every copy.
    let done = 0;
    while (done < length) {
      const count = Math.min(distance + done, length - done);
      into.copyWithin(output + done, source, source + count);
      done += count;
    }
  }
}
