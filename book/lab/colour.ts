// Pictures in colour: RGBA, as canvases have them.

import type { Box } from "./draw";
import type { Grey } from "./reading";

export interface Colour {
  width: number;
  height: number;
  pixels: Uint8ClampedArray<ArrayBuffer>; // 4 × width × height
}

export function show({ width, height, pixels }: Colour, place: HTMLCanvasElement): CanvasRenderingContext2D {
  Object.assign(place, { width, height });
  const context = place.getContext("2d", { willReadFrequently: true })!;
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return context;
}

// OpenCV's grey, in its whole numbers.
export function grey({ width, height, pixels }: Colour): Grey {
  return {
    width, height,
    pixels: Uint8Array.from({ length: width * height }, (_, i) =>
      (9798 * pixels[4 * i] + 19235 * pixels[4 * i + 1] + 3735 * pixels[4 * i + 2] + 16384) >> 15),
  };
}

export function coloured({ width, height, pixels }: Grey): Colour {
  const out = new Uint8ClampedArray(4 * pixels.length).fill(255);
  pixels.forEach((value, i) => out.fill(value, 4 * i, 4 * i + 3));
  return { width, height, pixels: out };
}

// Every four pixels averaged to one.
export function half({ width, height, pixels }: Colour): Colour {
  const wide = Math.max(1, width >> 1), high = Math.max(1, height >> 1);
  const out = new Uint8ClampedArray(4 * wide * high);
  for (let y = 0; y < high; y++) {
    for (let i = 0; i < 4 * wide; i++) {
      const at = 8 * y * width + 8 * (i >> 2) + (i & 3);
      out[4 * y * wide + i] = Math.round(
        (pixels[at] + pixels[at + 4] + pixels[at + 4 * width] + pixels[at + 4 * width + 4]) / 4);
    }
  }
  return { width: wide, height: high, pixels: out };
}

// One colour beyond the boxes, the mean of what is in them: semlib.images.flatten_ground.
export function flat({ width, height, pixels }: Colour, boxes: Box[]): Colour {
  const kept = new Uint8Array(width * height), sum = [0, 0, 0];
  for (const { left, top, right, bottom } of boxes) {
    for (let y = top; y < bottom; y++) kept.fill(1, y * width + left, y * width + right);
  }
  const count = kept.reduce((all, one) => all + one, 0);
  kept.forEach((one, i) => sum.forEach((_, c) => sum[c] += one * pixels[4 * i + c]));
  const mean = sum.map(all => Math.round(all / count)), out = pixels.slice();
  kept.forEach((one, i) => one || out.set(mean, 4 * i));
  return { width, height, pixels: out };
}

export function canvas(width: number, height: number): CanvasRenderingContext2D {
  const context = Object.assign(document.createElement("canvas"), { width, height })
    .getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  return context;
}

const MILLIONS = 50; // of pixels, as many as the package opens

// A file's picture, and what had to be done to it, in words: at most so many pixels, and
// sides between `least` and `longest`.
export async function open(
  file: Blob, most: number, least: number, longest: number,
): Promise<Colour & { note: string }> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => { // not decoded yet: it may be too large
      image.onload = resolve;
      image.onerror = () => reject(new Error("That is no picture that this browser can open."));
    });
    const { naturalWidth: wide, naturalHeight: high } = image;
    if (wide * high > MILLIONS * 1e6) {
      throw new Error(`This picture has ${wide} × ${high} pixels. More than ${MILLIONS} million are not opened: reduce it first.`);
    }
    const scale = Math.min(1, Math.sqrt(most / (wide * high)), longest / wide, longest / high);
    const [width, height] = [wide, high].map(side => Math.max(least, Math.round(scale * side)));
    const context = canvas(width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    const note = scale < 1 ? `Reduced from ${wide} × ${high} to ${width} × ${height} pixels. ` : "";
    return { width, height, pixels: context.getImageData(0, 0, width, height).data, note };
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

// A word laid on a ground in its ink, and the box that a reader is shown: round what has
// more than a fifth of the ink, with a margin of a tenth of its shorter side.
export function lay(ground: Colour, share: Grey, ink: [number, number, number]): { picture: Colour; box: Box | null } {
  const pixels = ground.pixels.slice(), { width, height } = ground;
  let left = width, top = height, right = 0, bottom = 0;
  share.pixels.forEach((part, i) => {
    for (let c = 0; c < 3; c++) {
      pixels[4 * i + c] = Math.round(pixels[4 * i + c] + part / 255 * (ink[c] - pixels[4 * i + c]));
    }
    if (part <= INK) return;
    const x = i % width, y = Math.floor(i / width);
    left = Math.min(left, x), right = Math.max(right, x + 1);
    top = Math.min(top, y), bottom = Math.max(bottom, y + 1);
  });
  const margin = 0.1 * Math.min(right - left, bottom - top);
  const box = {
    left: Math.max(0, Math.floor(left - margin)), top: Math.max(0, Math.floor(top - margin)),
    right: Math.min(width, Math.ceil(right + margin)), bottom: Math.min(height, Math.ceil(bottom + margin)),
  };
  return { picture: { width, height, pixels }, box: right > left ? box : null };
}

const INK = 48; // of 255, from which a pixel counts as a word's

// Red, green and blue of "#rrggbb", as forms have it.
export function levels(colour: string): [number, number, number] {
  const [red, green, blue] = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
  return [red, green, blue];
}
