// The networks, beside the page: whatever they take, the page does not stand still.

import * as ort from "onnxruntime-web/wasm";
import { hold } from "./dct";
import type { Luminance } from "./jpeg";
import { type Grey, HEIGHT, read } from "./reading";

export type Task =
  | { kind: "open"; wasm: Uint8Array; reader: Uint8Array; restorer: Uint8Array; alphabet: string }
  | { kind: "read"; line: Grey }
  | { kind: "mend"; file: Luminance };
export type Answers = { open: null; read: string; mend: Float32Array };

let reader: ort.InferenceSession, restorer: ort.InferenceSession, alphabet: string;

self.onmessage = async ({ data: { id, task } }: MessageEvent<{ id: number; task: Task }>) => {
  try {
    self.postMessage({ id, answer: await work(task) });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};

async function work(task: Task): Promise<Answers[Task["kind"]]> {
  if (task.kind === "open") {
    ort.env.wasm.wasmBinary = task.wasm;
    ort.env.wasm.numThreads = 1;
    alphabet = task.alphabet;
    reader = await ort.InferenceSession.create(task.reader);
    restorer = await ort.InferenceSession.create(task.restorer);
    return null;
  }
  if (task.kind === "read") return (await read(task.line, alphabet, scores))[0];
  const { file } = task;
  return hold(await run(restorer, file.pixels, file.rows, file.columns), file);
}

const scores = (x: Float32Array, width: number) => run(reader, x, HEIGHT, width);

async function run(
  session: ort.InferenceSession, x: Float32Array, height: number, width: number,
): Promise<Float32Array> {
  const { y } = await session.run({ x: new ort.Tensor("float32", x, [1, 1, height, width]) });
  return y.data as Float32Array;
}
