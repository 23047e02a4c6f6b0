// JPEG's blockwise DCT, and a repair held to its file: semlib/restore/dct.py once more.

import type { Luminance } from "./jpeg";

const LEVEL = 128 / 255; // which JPEG takes off before it transforms
const TURNS = 200; // of a projection and a cut, at most
const SAFE = 0.47; // of a step, where 0.5 is the interval's end

// The orthonormal 8×8 DCT-II matrix D of ITU-T T.81, A.3.3: X = D x Dᵀ.
const D = Float64Array.from({ length: 64 }, (_, i) =>
  0.5 * Math.cos((2 * (i & 7) + 1) * (i >> 3) * Math.PI / 16) / (i < 8 ? Math.SQRT2 : 1));

const at = (row: number, column: number) => D[8 * row + column];
const turned = (row: number, column: number) => D[8 * column + row];
type Matrix = typeof at;

function transform(block: ArrayLike<number>, d: Matrix): Float64Array {
  const rows = new Float64Array(64), out = new Float64Array(64);
  for (let k = 0; k < 8; k++) {
    for (let j = 0; j < 8; j++) {
      for (let n = 0; n < 8; n++) rows[8 * k + j] += d(k, n) * block[8 * n + j];
    }
  }
  for (let k = 0; k < 8; k++) {
    for (let j = 0; j < 8; j++) {
      for (let n = 0; n < 8; n++) out[8 * k + j] += rows[8 * k + n] * d(j, n);
    }
  }
  return out;
}

export const forward = (block: ArrayLike<number>) => transform(block, at);
export const inverse = (block: ArrayLike<number>) => transform(block, turned);

// Block `number` of a picture whose rows are `columns` wide, counted row by row.
export function cut(pixels: Float32Array, columns: number, number: number): Float64Array {
  const start = corner(columns, number);
  return Float64Array.from({ length: 64 }, (_, i) =>
    pixels[start + (i >> 3) * columns + (i & 7)]);
}

function corner(columns: number, number: number): number {
  const across = columns / 8;
  return 8 * (Math.floor(number / across) * columns + number % across);
}

export const coefficients = (block: ArrayLike<number>) =>
  forward(Float64Array.from(block, value => value - LEVEL));

// The repaired pixels held to their file, in [0, 1]: what contradicts it is projected
// into the intervals that were rounded, and cut at black and white, in turn.
export function hold(restored: Float32Array, file: Luminance): Float32Array {
  const out = restored.map(value => Math.min(1, Math.max(0, value)));
  const step = Float64Array.from(file.table, value => value / 255);
  for (let number = 0; number < out.length / 64; number++) {
    const middle = coefficients(cut(file.pixels, file.columns, number))
      .map((value, i) => step[i] * Math.round(value / step[i]));
    let block = cut(out, file.columns, number);
    for (let turn = 0; turn < TURNS; turn++) {
      const away = coefficients(block).map((value, i) => value - middle[i]);
      if (away.every((value, i) => Math.abs(value) - step[i] / 2 <= 1e-6)) break;
      const inside = inverse(away.map((value, i) => middle[i]
        + Math.min(SAFE * step[i], Math.max(-SAFE * step[i], value))));
      block = inside.map(value => Math.min(1, Math.max(0, value + LEVEL)));
    }
    const start = corner(file.columns, number);
    block.forEach((value, i) => { out[start + (i >> 3) * file.columns + (i & 7)] = value; });
  }
  return out;
}
