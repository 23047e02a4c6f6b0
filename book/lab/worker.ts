// The networks, beside the page: whatever they take, the page does not stand still.

import * as ort from "onnxruntime-web/wasm";
import { type Colour, grey } from "./colour";
import { hold } from "./dct";
import type { Box } from "./draw";
import { CELL, type Fax, fax, ink } from "./fax";
import type { Luminance } from "./jpeg";
import { type Grey, HEIGHT, read } from "./reading";

export type Task =
  | { kind: "open"; wasm: Uint8Array<ArrayBuffer>; reader: Uint8Array<ArrayBuffer>; alphabet: string }
  | { kind: "add"; graphs: Record<string, Uint8Array<ArrayBuffer>> }
  | { kind: "read"; line: Grey }
  | { kind: "mend"; file: Luminance }
  | { kind: "code"; codec: string; picture: Colour; key: string; rate: number }
  | { kind: "fax"; picture: Colour; window: number; boxes: Box[] | null; scale: number; allowed: number };
export interface Coded {
  picture: Colour; // decoded
  bits: Float32Array; // estimated, of every square of `CELL` pixels, row by row
  across: number; // such squares in a row
}
export type Answers = {
  open: null; add: null; read: string; mend: Float32Array; code: Coded; fax: Fax;
};

const MULTIPLE = 64; // pixels, of both sides of a picture that a codec sees
const sessions = new Map<string, ort.InferenceSession>();
const analysed = new Map<string, { key: string; latents: ort.Tensor }>(); // for each codec
let alphabet: string;

self.onmessage = async ({ data: { id, task } }: MessageEvent<{ id: number; task: Task }>) => {
  try {
    self.postMessage({ id, answer: await work(task) });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};

async function work(task: Task): Promise<Answers[Task["kind"]]> {
  switch (task.kind) {
    case "open":
      ort.env.wasm.wasmBinary = task.wasm;
      ort.env.wasm.numThreads = 1;
      alphabet = task.alphabet;
      await add("reader", task.reader);
      forget(task.wasm);
      return null;
    case "add":
      for (const [name, graph] of Object.entries(task.graphs)) {
        await add(name, graph);
      }
      return null;
    case "read":
      return (await read(task.line, alphabet, scores))[0];
    case "mend": {
      const { file } = task;
      return hold(await run("restorer", file.pixels, file.rows, file.columns), file);
    }
    case "code":
      return code(task.codec, task.picture, task.key, task.rate);
    case "fax": {
      const { picture, window, boxes, scale, allowed } = task, { width, height } = picture;
      return fax(ink(grey(picture), window, boxes), width, height, scale, allowed);
    }
  }
}

async function add(name: string, graph: Uint8Array<ArrayBuffer>): Promise<void> {
  sessions.set(name, await ort.InferenceSession.create(graph));
  forget(graph);
}

// Frees bytes whatever still refers to them, as the runtime does to its own program.
function forget({ buffer }: Uint8Array<ArrayBuffer>): void {
  structuredClone(buffer, { transfer: [buffer] });
}

const scores = (x: Float32Array, width: number) => run("reader", x, HEIGHT, width);

async function run(
  name: string, x: Float32Array, height: number, width: number,
): Promise<Float32Array> {
  const { y } = await sessions.get(name)!.run({ x: new ort.Tensor("float32", x, [1, 1, height, width]) });
  return y.data as Float32Array;
}

// A picture through a codec. Its latents are kept under its key: at another rate only the
// rest is computed.
async function code(codec: string, from: Colour, key: string, rate: number): Promise<Coded> {
  const { width, height } = from;
  const [columns, rows] = [width, height].map(side => MULTIPLE * Math.ceil(side / MULTIPLE));
  if (analysed.get(codec)?.key !== key) {
    const x = new ort.Tensor("float32", planes(from, columns, rows), [1, 3, rows, columns]);
    const { latents } = await sessions.get(`${codec}-analysis`)!.run({ x });
    analysed.set(codec, { key, latents });
  }
  const { latents } = analysed.get(codec)!;
  const { picture, bits } = await sessions.get(`${codec}-rest`)!
    .run({ latents, rate: new ort.Tensor("float32", [rate], [1]) });
  const levels = picture.data as Float32Array, plane = rows * columns;
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        pixels[4 * (y * width + x) + c] = 255 * levels[c * plane + y * columns + x];
      }
    }
  }
  return { picture: { width, height, pixels }, bits: bits.data as Float32Array, across: columns / CELL };
}

// Red, green and blue in [0, 1]; the last row and column again and again as far as asked.
function planes({ width, height, pixels }: Colour, columns: number, rows: number): Float32Array {
  const out = new Float32Array(3 * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = 4 * (Math.min(y, height - 1) * width + Math.min(x, width - 1));
      for (let c = 0; c < 3; c++) out[(c * rows + y) * columns + x] = pixels[at + c] / 255;
    }
  }
  return out;
}
