/**
 * How page data travels: a value with typed arrays in it, packed into bytes and unpacked in the page. Runs in Node and
 * in browsers; knows nothing of what the value means.
 *
 *     u32 little endian: length of the JSON | JSON in UTF-8 | columns, back to back
 *
 * In the JSON a typed array stands as `{"$column":[offset, bytes, length, kind, scale]}`. Kinds: `i` Int32Array, `u`
 * Uint8Array, `f` Float64Array, `p` Int32Array in planes. A column of `i` and `f` holds whole numbers (after × scale for
 * `f`), each as its difference to the one before, zigzag and LEB128 coded: the columns of a profile are small steps, and
 * the general compressor behind this (deflate) does the rest. Where steps are so large that plain numbers of `scale` bytes
 * are shorter, `p` keeps those, all lowest bytes first. A Float64Array with other numbers (NaN, more than 3 decimals) is
 * kept as its own 8 byte values, scale 0.
 */
const KEY = '$column';
type Column = [offset: number, bytes: number, length: number, kind: 'i' | 'u' | 'f' | 'p', scale: number];
/** Sums of differences stay exact below this. */
const LARGEST = 2 ** 51;

export function packPage(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const json = JSON.stringify(value, (_, entry: unknown) => {
    if (!ArrayBuffer.isView(entry)) return entry;
    const { bytes, kind, scale, length } = packColumn(entry as Int32Array | Uint8Array | Float64Array);
    const column: Column = [offset, bytes.length, length, kind, scale];
    parts.push(bytes);
    offset += bytes.length;
    return { [KEY]: column };
  });
  const text = new TextEncoder().encode(json);
  const out = new Uint8Array(4 + text.length + offset);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, 4);
  let at = 4 + text.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Throws SyntaxError or RangeError on bytes that packPage did not make. */
export function unpackPage(bytes: Uint8Array): unknown {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const columns = bytes.subarray(4 + length);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)), (_, entry: unknown) => {
    const column = (entry as Record<string, unknown> | null)?.[KEY];
    return Array.isArray(column) ? unpackColumn(columns, column as Column) : entry;
  });
}

interface PackedColumn {
  bytes: Uint8Array;
  kind: Column[3];
  scale: number;
  length: number;
}

function packColumn(values: Int32Array | Uint8Array | Float64Array): PackedColumn {
  const { length } = values;
  if (values instanceof Uint8Array) return { bytes: values, kind: 'u', scale: 1, length };
  if (values instanceof Int32Array) {
    const bytes = packSteps(values, 1)!;
    const width = widthOf(values);
    return bytes.length > width * length
      ? { bytes: packPlanes(values, width), kind: 'p', scale: width, length }
      : { bytes, kind: 'i', scale: 1, length };
  }
  for (let scale = 1; scale <= 1000; scale *= 10) {
    // The first value tells most columns apart without a pass over all of it.
    if (length > 0 && Math.round(values[0]! * scale) / scale !== values[0]) continue;
    const bytes = packSteps(values, scale);
    if (bytes !== undefined) return { bytes, kind: 'f', scale, length };
  }
  const bytes = new Uint8Array(length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < length; i++) view.setFloat64(i * 8, values[i]!, true);
  return { bytes, kind: 'f', scale: 0, length };
}

/** Undefined when a value × scale is not whole. */
function packSteps(values: Int32Array | Float64Array, scale: number): Uint8Array | undefined {
  const { length } = values;
  // 53 bits and a sign need at most 8 bytes of 7 bits.
  let bytes = new Uint8Array(Math.max(64, length * 3));
  let at = 0;
  let before = 0;
  for (let i = 0; i < length; i++) {
    if (at + 8 > bytes.length) {
      const wider = new Uint8Array(bytes.length * 2);
      wider.set(bytes);
      bytes = wider;
    }
    const value = values[i]!;
    const now = Math.round(value * scale);
    // 0.29 × 100 is 28.999999999999996: what a decimal fraction of that many digits reads back as is enough.
    if (now / scale !== value || now > LARGEST || now < -LARGEST) return undefined;
    const step = now - before;
    before = now;
    let code = step < 0 ? -2 * step - 1 : 2 * step;
    // Bit operations work on 32 bits only.
    while (code > 0x7fffffff) {
      bytes[at++] = (code % 128) | 0x80;
      code = Math.floor(code / 128);
    }
    while (code > 127) {
      bytes[at++] = (code & 127) | 0x80;
      code >>>= 7;
    }
    bytes[at++] = code;
  }
  return bytes.subarray(0, at);
}

/** Bytes the largest value needs, 4 when some are negative. */
function widthOf(values: Int32Array): number {
  let all = 0;
  for (let i = 0; i < values.length; i++) all |= values[i]!;
  return all < 0 || all > 0xffffff ? 4 : all > 0xffff ? 3 : all > 0xff ? 2 : 1;
}

function packPlanes(values: Int32Array, width: number): Uint8Array {
  const { length } = values;
  const bytes = new Uint8Array(width * length);
  for (let plane = 0; plane < width; plane++) {
    const base = plane * length;
    const shift = plane * 8;
    for (let i = 0; i < length; i++) bytes[base + i] = values[i]! >>> shift;
  }
  return bytes;
}

function unpackColumn(columns: Uint8Array, [offset, size, length, kind, scale]: Column): ArrayBufferView {
  const bytes = columns.subarray(offset, offset + size);
  if (bytes.length !== size) throw new RangeError('page data ends early');
  if (kind === 'u') return bytes.slice();
  if (kind === 'p') {
    const out = new Int32Array(length);
    for (let plane = 0; plane < scale; plane++)
      for (let i = 0; i < length; i++) out[i]! |= bytes[plane * length + i]! << (plane * 8);
    return out;
  }
  if (kind === 'f' && scale === 0) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float64Array.from({ length }, (_, i) => view.getFloat64(i * 8, true));
  }
  const out = kind === 'i' ? new Int32Array(length) : new Float64Array(length);
  let at = 0;
  let value = 0;
  for (let i = 0; i < length; i++) {
    let code = 0;
    let weight = 1;
    let byte = bytes[at++]!;
    while (byte > 127) {
      code += (byte & 127) * weight;
      weight *= 128;
      byte = bytes[at++]!;
    }
    code += byte * weight;
    value += code % 2 === 1 ? -(code + 1) / 2 : code / 2;
    out[i] = scale === 1 ? value : value / scale;
  }
  return out;
}
