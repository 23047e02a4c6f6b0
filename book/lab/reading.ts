// The reader's own steps before and after its network: semlib/ocr/easyocr.py once more.

export interface Grey {
  width: number;
  height: number;
  pixels: Uint8Array; // 0 black to 255 white, row by row
}

export const HEIGHT = 64; // of every picture that the network sees
const LONGEST = 100; // times its height
const UNSURE = 0.1; // below this confidence it looks again, with more contrast,
const PALE = 0.5; // where this contrast is not reached

export type Network = (x: Float32Array, width: number) => Promise<Float32Array>;

// The text of one line, and how sure the reader is of it, in [0, 1].
export async function read(
  line: Grey, alphabet: string, network: Network,
): Promise<[string, number]> {
  const { width, height } = line, ratio = Math.min(LONGEST, Math.max(width / height, height / width));
  const long = Math.floor(HEIGHT * ratio), columns = HEIGHT * Math.ceil(ratio);
  const small = width < height ? resize(line, HEIGHT, long) : resize(line, long, HEIGHT);
  const look = async (picture: Grey) =>
    collapse(await network(pad(reduce(picture), columns), columns), alphabet);
  const found = await look(small);
  if (found[1] >= UNSURE || contrast(small) >= PALE) return found;
  const second = await look(stretch(small));
  return second[1] > found[1] ? second : found;
}

// Bilinear, in OpenCV's whole numbers: shares of 2048, and no smoothing where the picture
// grows smaller. Above the first row and below the last one it adds up
// that row's own shares, and loses what each is rounded by.
export function resize(from: Grey, width: number, height: number): Grey {
  const pixels = new Uint8Array(width * height);
  const places = (side: number, own: number, inside: boolean) => {
    const scale = 1 / (side / own), within = (at: number) => Math.min(own - 1, Math.max(0, at));
    return Array.from({ length: side }, (_, i) => {
      const at = Math.fround((i + 0.5) * scale - 0.5), place = inside ? within(at) : at;
      const low = Math.floor(place), share = Math.fround(place - low);
      return [within(low), within(low + 1), even(2048 * Math.fround(1 - share)), even(2048 * share)];
    });
  };
  const across = places(width, from.width, true), down = places(height, from.height, false);
  down.forEach(([top, bottom, up, low], row) => across.forEach(([left, right, a, b], column) => {
    const mix = (line: number) => (from.pixels[line * from.width + left] * a
      + from.pixels[line * from.width + right] * b) >> 4;
    pixels[row * width + column] =
      ((up * mix(top) >> 16) + (low * mix(bottom) >> 16) + 2) >> 2;
  }));
  return { width, height, pixels };
}

// What is higher than the network's pictures, made as high as they are: bicubic, in
// Pillow's whole numbers.
function reduce(from: Grey): Grey {
  if (from.height === HEIGHT) return from;
  const width = Math.ceil(HEIGHT * from.width / from.height);
  const turned = along(from.pixels, from.width, width);
  return { width, height: HEIGHT, pixels: along(turned, from.height, HEIGHT) };
}

// Rows of `own` pixels brought to another length, each then a column.
function along(pixels: Uint8Array, own: number, length: number): Uint8Array {
  const scale = own / length, stretch = Math.max(1, scale), rows = pixels.length / own;
  const out = new Uint8Array(length * rows);
  for (let i = 0; i < length; i++) {
    const centre = (i + 0.5) * scale, first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const end = Math.min(own, Math.trunc(centre + 2 * stretch + 0.5));
    const parts = Array.from({ length: end - first }, (_, k) => cubic((first + k - centre + 0.5) / stretch));
    const all = parts.reduce((sum, part) => sum + part, 0);
    const shares = parts.map(part => Math.trunc(part / all * WHOLE + (part < 0 ? -0.5 : 0.5)));
    for (let row = 0; row < rows; row++) {
      const sum = shares.reduce((found, share, k) => found + share * pixels[row * own + first + k], WHOLE / 2);
      out[i * rows + row] = Math.min(255, Math.max(0, Math.floor(sum / WHOLE)));
    }
  }
  return out;
}

const WHOLE = 2 ** 22;

function cubic(x: number): number {
  const at = Math.abs(x), a = -0.5;
  if (at < 1) return ((a + 2) * at - (a + 3)) * at * at + 1;
  return at < 2 ? (((at - 5) * at + 8) * at - 4) * a : 0;
}

// Rounded; a half goes to the even number, as in Python and in OpenCV.
export function even(value: number): number {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + down % 2 : Math.round(value);
}

// Padded on the right by repeating the last column, in [-1, 1].
function pad(from: Grey, columns: number): Float32Array {
  return Float32Array.from({ length: columns * HEIGHT }, (_, i) => {
    const column = Math.min(from.width - 1, i % columns);
    return from.pixels[Math.floor(i / columns) * from.width + column] / 255 * 2 - 1;
  });
}

// The tenth and the ninetieth of a hundred levels, in order, as NumPy interpolates them.
function ends(pixels: Uint8Array): [number, number] {
  const sorted = pixels.slice().sort();
  const level = (share: number) => {
    const place = share * (sorted.length - 1), low = Math.floor(place);
    const next = sorted[Math.min(sorted.length - 1, low + 1)];
    return sorted[low] + (place - low) * (next - sorted[low]);
  };
  return [level(0.1), level(0.9)];
}

function contrast({ pixels }: Grey): number {
  const [low, high] = ends(pixels);
  return (high - low) / Math.max(10, high + low);
}

function stretch(from: Grey): Grey {
  const [low, high] = ends(from.pixels), ratio = 200 / Math.max(10, high - low);
  return { ...from, pixels: from.pixels.map(value =>
    Math.floor(Math.min(255, Math.max(0, (value - low + 25) * ratio)))) };
}

// CTC's greedy reading of scores, T × (1 + letters), and the confidence in it.
export function collapse(scores: Float32Array, alphabet: string): [string, number] {
  const letters = [...alphabet], classes = letters.length + 1;
  let text = "", previous = -1, certain = 0, count = 0;
  for (let start = 0; start < scores.length; start += classes) {
    const column = scores.subarray(start, start + classes);
    const most = Math.max(...column), best = column.indexOf(most);
    if (best) {
      if (best !== previous) text += letters[best - 1];
      certain -= Math.log(column.reduce((sum, one) => sum + Math.exp(one - most), 0));
      count++;
    }
    previous = best;
  }
  return [text, count ? Math.exp(certain * 2 / Math.sqrt(count)) : 0];
}
