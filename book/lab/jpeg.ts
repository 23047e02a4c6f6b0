// What a JPEG file says of a picture's luminance: its coefficients, and the steps that
// they were rounded to (ITU-T T.81). Baseline files, which browsers write.

import { inverse } from "./dct";

export interface Luminance {
  width: number;
  height: number; // of the picture
  columns: number;
  rows: number; // whole blocks of 8
  table: Float32Array; // 64 quantization steps in levels of 255, row by row
  pixels: Float32Array; // rows × columns, 0 black and 1 white, not cut off there
}

interface Component {
  id: number;
  across: number; // blocks in a unit of the scan
  down: number;
  table: number;
  direct: Codes;
  alternating: Codes;
  previous: number;
}

// The order in which a block's coefficients are written: T.81, figure A.6.
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34,
  27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37,
  44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

export function luminance(data: Uint8Array): Luminance {
  const tables: Float32Array[] = [], codes: Codes[] = [];
  let components: Component[] = [], width = 0, height = 0, restart = 0, at = 2;
  for (;;) {
    const marker = data[at + 1], end = at + 2 + 256 * data[at + 2] + data[at + 3];
    let place = at + 4;
    if (data[at] !== 0xff || !(end <= data.length)) throw new Error("not a JPEG file");
    if (marker === 0xdb) {
      while (place < end) {
        const wide = data[place] >> 4, table = new Float32Array(64);
        tables[data[place++] & 15] = table;
        for (const to of ZIGZAG) {
          table[to] = wide ? 256 * data[place++] + data[place++] : data[place++];
        }
      }
    } else if (marker === 0xc4) {
      while (place < end) {
        const kind = data[place], counts = data.subarray(place + 1, place + 17);
        const total = counts.reduce((sum, one) => sum + one, 0);
        place += 17 + total;
        codes[kind] = new Codes(counts, data.subarray(place - total, place));
      }
    } else if (marker === 0xc0 || marker === 0xc1) {
      height = 256 * data[place + 1] + data[place + 2];
      width = 256 * data[place + 3] + data[place + 4];
      components = Array.from({ length: data[place + 5] }, (_, i) => {
        const [id, sampling, table] = data.subarray(place + 6 + 3 * i, place + 9 + 3 * i);
        return { id, across: sampling >> 4, down: sampling & 15, table } as Component;
      });
    } else if (marker === 0xdd) {
      restart = 256 * data[place] + data[place + 1];
    } else if (marker === 0xda) {
      if (!components.length || data[place] !== components.length) {
        throw new Error("a JPEG file of another kind than browsers write");
      }
      components.forEach((component, i) => {
        const kinds = data[place + 2 + 2 * i];
        component.direct = codes[kinds >> 4];
        component.alternating = codes[16 + (kinds & 15)];
      });
      return scan(data, end, components, tables, width, height, restart);
    }
    at = end;
  }
}

function scan(
  data: Uint8Array, start: number, components: Component[], tables: Float32Array[],
  width: number, height: number, restart: number,
): Luminance {
  const first = components[0], table = tables[first.table];
  if (components.some(one => one.across > first.across || one.down > first.down)) {
    throw new Error("a JPEG file whose luminance is not at full size");
  }
  if (components.length === 1) first.across = first.down = 1;
  const unitsAcross = Math.ceil(width / (8 * first.across));
  const unitsDown = Math.ceil(height / (8 * first.down));
  const columns = 8 * Math.ceil(width / 8), rows = 8 * Math.ceil(height / 8);
  const pixels = new Float32Array(rows * columns), block = new Float32Array(64);
  const bits = new Bits(data, start);
  for (let unit = 0; unit < unitsAcross * unitsDown; unit++) {
    if (!(restart && unit % restart) ) {
      components.forEach(one => { one.previous = restart || !unit ? 0 : one.previous; });
      if (restart && unit) bits.restart();
    }
    for (const one of components) {
      for (let part = 0; part < one.across * one.down; part++) {
        read(bits, one, block);
        const column = 8 * ((unit % unitsAcross) * one.across + part % one.across);
        const row = Math.floor(unit / unitsAcross) * one.down + Math.floor(part / one.across);
        if (one !== first || column >= columns || 8 * row >= rows) continue;
        const levels = inverse(block.map((value, i) => value * table[i]));
        for (let i = 0; i < 64; i++) {
          pixels[(8 * row + (i >> 3)) * columns + column + (i & 7)] = (levels[i] + 128) / 255;
        }
      }
    }
  }
  return { width, height, columns, rows, table, pixels };
}

// A block's coefficients, before they are multiplied by their steps.
function read(bits: Bits, component: Component, block: Float32Array): void {
  block.fill(0);
  component.previous += bits.signed(component.direct.next(bits));
  block[0] = component.previous;
  for (let i = 1; i < 64; i++) {
    const symbol = component.alternating.next(bits), size = symbol & 15;
    if (!size && symbol !== 0xf0) return; // the end of the block
    i += symbol >> 4;
    if (size) block[ZIGZAG[i]] = bits.signed(size);
  }
}

class Bits {
  private left = 0;
  private byte = 0;

  constructor(private data: Uint8Array, private at: number) {}

  next(): number {
    if (!this.left) {
      this.byte = this.data[this.at++] ?? 0;
      if (this.byte === 0xff) this.at++; // the 0 that follows it
      this.left = 8;
    }
    return (this.byte >> --this.left) & 1;
  }

  // A number of so many bits, of which the first tells the sign (T.81, table F.1).
  signed(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = 2 * value + this.next();
    return value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
  }

  restart(): void {
    this.left = 0;
    this.at += 2; // the marker
  }
}

// A Huffman code, read bit by bit (T.81, figure F.16).
class Codes {
  private first: number[] = [];
  private index: number[] = [];

  constructor(private counts: Uint8Array, private symbols: Uint8Array) {
    let code = 0, index = 0;
    for (const count of counts) {
      this.first.push(code);
      this.index.push(index);
      index += count;
      code = 2 * (code + count);
    }
  }

  next(bits: Bits): number {
    let code = 0;
    for (let length = 0; length < 16; length++) {
      code = 2 * code + bits.next();
      const offset = code - this.first[length];
      if (offset < this.counts[length]) return this.symbols[this.index[length] + offset];
    }
    throw new Error("a JPEG file that is damaged");
  }
}
