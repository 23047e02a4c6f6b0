// Pictures in grey: words set in type, or a picture that someone brings.

import { canvas, grey as levels, open as openColour } from "./colour";
import type { Grey } from "./reading";

export interface Drawn {
  picture: Grey;
  lines: Box[];
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const UP = 4; // a line is drawn so many times as large, and averaged down
const MARGIN = 8; // pixels round the text
const LEADING = 3; // heights of an x from line to line
const MOST = 512 * 256; // pixels of a picture that is brought
const WHITE = 255;

// `right` and `down` move the text by so many pixels, past the grid of JPEG's blocks.
export function type(
  lines: string[], typeface: string, xHeight: number, right: number, down: number,
): Drawn {
  const context = canvas(1, 1);
  context.font = `1000px "${typeface}"`;
  const size = 1000 * xHeight / context.measureText("x").actualBoundingBoxAscent;
  context.font = `${UP * size}px "${typeface}"`;
  const widths = lines.map(line => context.measureText(line).width / UP);
  const { actualBoundingBoxAscent: ascent, actualBoundingBoxDescent: descent } =
    context.measureText("Hdlgpy");
  const above = ascent / UP, below = descent / UP;
  const width = blocks(Math.max(...widths) + 2 * MARGIN + right);
  const height = blocks(above + below + LEADING * xHeight * (lines.length - 1)
    + 2 * MARGIN + down);
  const large = canvas(UP * width, UP * height);
  large.font = context.font;
  large.fillStyle = "black";
  const margin = 0.1 * (above + below);
  const boxes = lines.map((line, i) => {
    const x = MARGIN + right, y = MARGIN + down + above + LEADING * xHeight * i;
    large.fillText(line, UP * x, UP * y);
    const top = Math.floor(y - above - margin), bottom = Math.ceil(y + below + margin);
    const end = Math.max(x + widths[i] + margin, x - margin + bottom - top);
    return {
      left: Math.floor(x - margin), top,
      right: Math.min(width, Math.ceil(end)), bottom: Math.min(height, bottom),
    };
  });
  return { picture: reduce(grey(large)), lines: boxes };
}

const blocks = (side: number) => 8 * Math.ceil(side / 8);

// A file's picture and its lines, and what had to be done to it, in words.
export async function open(file: Blob): Promise<Drawn & { note: string }> {
  const found = await openColour(file, MOST, 8, Infinity);
  const picture = levels(found);
  return { picture, lines: inked(picture), note: found.note };
}

// How much of every pixel is ink, 0 to 255: a word in the middle, its capitals as high as
// asked for, or as the width allows.
export function word(text: string, typeface: string, capital: number, width: number, height: number): Grey {
  const large = canvas(UP * width, UP * height);
  large.font = `1000px "${typeface}"`;
  const high = large.measureText("H").actualBoundingBoxAscent, wide = large.measureText(text).width;
  const size = Math.min(capital / high, 0.94 * width / wide) * UP;
  large.font = `${1000 * size}px "${typeface}"`;
  large.fillStyle = "black";
  large.fillText(text, (UP * width - size * wide) / 2, (UP * height + size * high) / 2);
  const drawn = reduce(grey(large));
  return { ...drawn, pixels: drawn.pixels.map(value => WHITE - value) };
}

// Bands of rows with ink, each as wide as its ink: lines, if the text is upright.
function inked({ pixels, width, height }: Grey): Box[] {
  const [low, high] = [Math.min(...range(pixels)), Math.max(...range(pixels))];
  const threshold = (low + high) / 2;
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const ink = (value: number) => mean > threshold ? value < threshold : value > threshold;
  const dark = (row: number) => pixels.subarray(row * width, (row + 1) * width).some(ink);
  const found: Box[] = [];
  for (let row = 0; row < height; row++) {
    if (!dark(row)) continue;
    const top = row;
    while (row < height && dark(row)) row++;
    if (row - top < 4) continue;
    const margin = Math.ceil(0.15 * (row - top));
    const columns = Array.from({ length: width }, (_, i) => i).filter(i => {
      for (let y = top; y < row; y++) if (ink(pixels[y * width + i])) return true;
      return false;
    });
    const box = {
      left: Math.max(0, columns[0] - margin), top: Math.max(0, top - margin),
      right: Math.min(width, columns[columns.length - 1] + 1 + margin),
      bottom: Math.min(height, row + margin),
    };
    box.right = Math.min(width, Math.max(box.right, box.left + box.bottom - box.top));
    found.push(box);
  }
  const many = found.length > 12;
  return many || !found.length ? [{ left: 0, top: 0, right: width, bottom: height }] : found;
}

const range = (pixels: Uint8Array) =>
  [pixels.reduce((a, b) => Math.min(a, b)), pixels.reduce((a, b) => Math.max(a, b))];

function grey(context: CanvasRenderingContext2D): Grey {
  const { width, height } = context.canvas;
  return levels({ width, height, pixels: context.getImageData(0, 0, width, height).data });
}

// Every `UP` × `UP` pixels averaged to one.
function reduce(large: Grey): Grey {
  const width = large.width / UP, height = large.height / UP;
  const sums = new Float32Array(width * height);
  large.pixels.forEach((value, i) => {
    const row = Math.floor(i / large.width / UP), column = Math.floor(i % large.width / UP);
    sums[row * width + column] += value;
  });
  return { width, height, pixels: Uint8Array.from(sums, sum => Math.round(sum / UP ** 2)) };
}

// Pixels on a canvas of their size.
export function show(picture: Grey, place: HTMLCanvasElement): void {
  place.width = picture.width;
  place.height = picture.height;
  const data = new Uint8ClampedArray(4 * picture.pixels.length).fill(WHITE);
  picture.pixels.forEach((value, i) => data.fill(value, 4 * i, 4 * i + 3));
  const image = new ImageData(data, picture.width, picture.height);
  place.getContext("2d", { willReadFrequently: true })!.putImageData(image, 0, 0);
}

export function crop({ pixels, width }: Grey, { left, top, right, bottom }: Box): Grey {
  const out = new Uint8Array((right - left) * (bottom - top));
  for (let row = top; row < bottom; row++) {
    out.set(pixels.subarray(row * width + left, row * width + right),
      (row - top) * (right - left));
  }
  return { width: right - left, height: bottom - top, pixels: out };
}

// The browser's own JPEG file of a picture. Made at once: `toBlob` waits until the page has
// nothing else to do, for half a second at times.
export function jpeg(picture: Grey, quality: number): Uint8Array {
  const place = document.createElement("canvas");
  show(picture, place);
  const [kind, data] = place.toDataURL("image/jpeg", quality / 100).split(",");
  if (kind !== "data:image/jpeg;base64") throw new Error("This browser writes no JPEG files.");
  return Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
}
