// A fax: one bit a pixel, in an adaptive arithmetic coder that knows twelve neighbours.
// semlib/codec/bilevel.py and, of semlib/codec/peers.py, what the fax needs, once more.

import type { Box } from "./draw";
import { even, type Grey } from "./reading";

export interface Fax {
  data: Uint8Array; // the file
  scale: number; // that the ink was reduced by
  picture: Grey; // decoded and enlarged
  bits: Float32Array; // of every square of `CELL` pixels of the picture, row by row
}

type Mask = Uint8Array; // 1 where there is ink

export const CELL = 16;
export const SCALES = [1, 2, 3, 4, 6, 8];
const BLACK = 180; // of 255: a pixel is black if its part of the picture is darker
const SMOOTH = 0.4; // of the scale: the blur that takes the steps away
const PART = 0.2, RANGE = 128; // Sauvola's k and R
const TEMPLATE = [ // rows up, columns to the right
  [2, -1], [2, 0], [2, 1], [1, -2], [1, -1], [1, 0], [1, 1], [1, 2],
  [0, -4], [0, -3], [0, -2], [0, -1],
];
const WHOLE = 2 ** 32, SMALL = 2 ** 24, STEPS = 2 ** 16, FASTEST = 32;

// At one scale; or, if a number of bytes is `allowed`, at the first scale whose file takes
// no more, or else the last.
export function fax(ink: Mask, width: number, height: number, scale: number, allowed: number): Fax {
  for (const tried of scale ? [scale] : SCALES) {
    const [columns, rows] = [width, height].map(side => Math.max(1, even(side / tried)));
    const small = reduce(ink, width, height, columns, rows);
    const black = Uint8Array.from(small, value => value < BLACK ? 1 : 0);
    const { data, costs } = compress(black, columns, rows);
    if (!scale && data.length > allowed && tried !== SCALES[SCALES.length - 1]) continue;
    const bits = new Float32Array(Math.ceil(width / CELL) * Math.ceil(height / CELL));
    costs.forEach((cost, i) => {
      const x = (i % columns + 0.5) * width / columns, y = (Math.floor(i / columns) + 0.5) * height / rows;
      bits[Math.floor(y / CELL) * Math.ceil(width / CELL) + Math.floor(x / CELL)] += cost;
    });
    return { data, scale: tried, picture: enlarge(black, columns, rows, width, height, tried), bits };
  }
  throw new Error("no scale");
}

// The file, and what each pixel costs in bits. `black` is 0 or 1, row by row.
export function compress(
  black: Uint8Array, width: number, height: number,
): { data: Uint8Array; costs: Float32Array } {
  const wide = width + 6, padded = new Uint8Array(wide * (height + 2));
  const chance = new Uint32Array(1 << TEMPLATE.length).fill(STEPS / 2);
  const seen = new Uint32Array(chance.length).fill(1);
  const costs = new Float32Array(width * height);
  const out = [height >> 8, height & 255, width >> 8, width & 255];
  let low = 0, size = WHOLE - 1;
  const shift = () => { // the top byte out; a carry goes back into those before it
    if (low >= WHOLE) {
      low -= WHOLE;
      let at = out.length - 1;
      while (out[at] === 255) out[at--] = 0;
      out[at]++;
    }
    out.push(Math.floor(low / SMALL));
    low = low * 256 % WHOLE;
  };
  for (let y = 0; y < height; y++) padded.set(black.subarray(y * width, (y + 1) * width), (y + 2) * wide + 4);
  const away = TEMPLATE.map(([up, right]) => right - up * wide);
  for (let i = 0; i < black.length; i++) {
    const at = (Math.floor(i / width) + 2) * wide + 4 + i % width, bit = black[i];
    let context = 0;
    for (const one of away) context = 2 * context + padded[at + one];
    const part = Math.floor(size / STEPS) * chance[context];
    costs[i] = Math.log2(size / (bit ? part : size - part));
    if (!bit) low += part;
    size = bit ? part : size - part;
    const rate = Math.min(++seen[context], FASTEST);
    const moved = chance[context] + Math.floor(((bit ? STEPS : 0) - chance[context]) / rate);
    chance[context] = Math.min(Math.max(moved, 32), STEPS - 32);
    for (; size < SMALL; size *= 256) shift();
  }
  low += Math.floor(size / 2);
  for (let i = 0; i < 4; i++) shift();
  while (out.length > 4 && !out[out.length - 1]) out.pop();
  return { data: Uint8Array.from(out), costs };
}

// What is ink by Sauvola's threshold: on the whole picture what marks less of it; or, if
// there are `boxes`, in each of them what its edge has less of, and nothing elsewhere.
export function ink(picture: Grey, window: number, boxes: Box[] | null): Mask {
  const { width, pixels } = picture, masks = darkAndLight(picture, window);
  if (!boxes) {
    const [dark, light] = masks.map(mask => mask.reduce((sum, one) => sum + one, 0));
    return masks[light < dark ? 1 : 0];
  }
  const found = new Uint8Array(pixels.length);
  for (const box of boxes) {
    const [dark, light] = masks.map(mask => onEdge(mask, width, box));
    const mask = masks[light < dark ? 1 : 0];
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++) found[y * width + x] |= mask[y * width + x];
    }
  }
  return found;
}

function onEdge(mask: Mask, width: number, { left, top, right, bottom }: Box): number {
  let sum = 0;
  for (let x = left; x < right; x++) sum += mask[top * width + x] + mask[(bottom - 1) * width + x];
  for (let y = top; y < bottom; y++) sum += mask[y * width + left] + mask[y * width + right - 1];
  return sum;
}

function darkAndLight({ width, height, pixels }: Grey, window: number): Mask[] {
  const sorted = pixels.slice().sort();
  const level = (share: number) => { // as NumPy interpolates
    const place = share * (sorted.length - 1), low = Math.floor(place);
    return sorted[low] + (place - low) * (sorted[Math.min(sorted.length - 1, low + 1)] - sorted[low]);
  };
  const low = level(0.01), high = level(0.99);
  const grey = Float64Array.from(pixels, value =>
    Math.min(255, Math.max(0, (value - low) * 255 / Math.max(high - low, 1))));
  return [grey, grey.map(value => 255 - value)].map(tone => sauvola(tone, width, height, window));
}

// In scikit-image's order of sums: where all is flat, their last bits decide.
function sauvola(tone: Float64Array, width: number, height: number, window: number): Mask {
  const half = window >> 1, wide = width + window, high = height + window;
  const sums = new Float64Array(wide * high), squares = new Float64Array(wide * high);
  for (let y = 0; y < high; y++) {
    const row = width * mirrored(y - half - 1, height);
    for (let x = 0; x < wide; x++) {
      const value = tone[row + mirrored(x - half - 1, width)], at = y * wide + x;
      sums[at] = value + (y ? sums[at - wide] : 0);
      squares[at] = value * value + (y ? squares[at - wide] : 0);
    }
  }
  for (const table of [sums, squares]) {
    for (let at = 0; at < table.length; at++) if (at % wide) table[at] += table[at - 1];
  }
  const inside = (table: Float64Array, at: number) => (table[at] - table[at + window]
    - table[at + window * wide] + table[at + window * wide + window]) / (window * window);
  return Uint8Array.from(tone, (value, i) => {
    const at = Math.floor(i / width) * wide + i % width;
    const mean = inside(sums, at), spread = inside(squares, at) - mean * mean;
    const deviation = Math.sqrt(Math.max(0, spread));
    return value < mean * (1 + PART * (deviation / RANGE - 1)) ? 1 : 0;
  });
}

// Beyond an end a picture goes back, without its last pixel once more.
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  const round = 2 * (length - 1), place = ((at % round) + round) % round;
  return place < length ? place : round - place;
}

// Ink as levels, black on white, every pixel the mean of its part (OpenCV's INTER_AREA).
function reduce(mask: Mask, width: number, height: number, columns: number, rows: number): Float64Array {
  const across = shares(width, columns), down = shares(height, rows);
  const narrow = new Float64Array(columns * height), small = new Float64Array(columns * rows);
  for (let y = 0; y < height; y++) {
    across.forEach((parts, x) => {
      for (const [from, share] of parts) narrow[y * columns + x] += share * (mask[y * width + from] ? 0 : 255);
    });
  }
  down.forEach((parts, y) => {
    for (let x = 0; x < columns; x++) {
      for (const [from, share] of parts) small[y * columns + x] += share * narrow[from * columns + x];
    }
  });
  return small.map(even);
}

function shares(own: number, side: number): [number, number][][] {
  return Array.from({ length: side }, (_, i) => {
    const start = i * own / side, end = Math.min((i + 1) * own / side, own), parts: [number, number][] = [];
    for (let at = Math.floor(start); at < Math.min(own, Math.ceil(end)); at++) {
      parts.push([at, (Math.min(end, at + 1) - Math.max(start, at)) / (end - start)]);
    }
    return parts;
  });
}

// Bicubic, and blurred: OpenCV's INTER_CUBIC and GaussianBlur.
function enlarge(
  black: Uint8Array, columns: number, rows: number, width: number, height: number, scale: number,
): Grey {
  let pixels: ArrayLike<number> = black.map(bit => bit ? 0 : 255);
  if (columns !== width || rows !== height) {
    pixels = levels(apply(pixels, columns, cubic(width, columns), cubic(height, rows)));
  }
  if (scale > 1) pixels = levels(apply(pixels, width, gauss(width, SMOOTH * scale), gauss(height, SMOOTH * scale)));
  return { width, height, pixels: Uint8Array.from(pixels) };
}

const levels = (values: Float64Array) => values.map(value => even(Math.min(255, Math.max(0, value))));

type Weights = [number, number][][]; // for each place: from where, and how much

function apply(pixels: ArrayLike<number>, own: number, across: Weights, down: Weights): Float64Array {
  const width = across.length, rows = pixels.length / own;
  const wide = new Float64Array(width * rows), out = new Float64Array(width * down.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      for (const [from, weight] of across[x]) wide[y * width + x] += weight * pixels[y * own + from];
    }
  }
  down.forEach((parts, y) => {
    for (const [from, weight] of parts) {
      for (let x = 0; x < width; x++) out[y * width + x] += weight * wide[from * width + x];
    }
  });
  return out;
}

function cubic(side: number, own: number): Weights {
  const a = -0.75;
  return Array.from({ length: side }, (_, i) => {
    const place = (i + 0.5) * own / side - 0.5, first = Math.floor(place), t = place - first;
    const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1;
    const three = [far(t + 1), near(t), near(1 - t)];
    const weights = [...three, 1 - three[0] - three[1] - three[2]];
    return weights.map((weight, k) => [Math.min(own - 1, Math.max(0, first - 1 + k)), weight]);
  });
}

function gauss(side: number, deviation: number): Weights {
  const half = even(6 * deviation + 1) >> 1;
  const bell = Array.from({ length: 2 * half + 1 }, (_, k) => Math.exp(-((k - half) ** 2) / (2 * deviation ** 2)));
  const sum = bell.reduce((a, b) => a + b, 0);
  return Array.from({ length: side }, (_, i) =>
    bell.map((weight, k) => [mirrored(i + k - half, side), weight / sum]));
}
