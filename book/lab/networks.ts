// The worker with the networks, as functions that promise an answer.

import type { Colour } from "./colour";
import type { Box } from "./draw";
import type { Fax } from "./fax";
import type { Luminance } from "./jpeg";
import type { Grey } from "./reading";
import type { Answers, Coded, Task } from "./worker";

type Bytes = Uint8Array<ArrayBuffer>;

export class Networks {
  private waiting = new Map<number, (message: { answer: never; error?: string }) => void>();
  private asked = 0;

  private constructor(private worker: Worker) {
    worker.onmessage = ({ data }) => {
      this.waiting.get(data.id)!(data);
      this.waiting.delete(data.id);
    };
    worker.onerror = ({ message }) => { // it is gone, or did not begin
      this.waiting.forEach(answered => answered({ answer: null as never, error: message }));
      this.waiting.clear();
    };
  }

  // What runs the networks, and the reader, which both halves of the page need.
  static async open(parts: Map<string, Bytes>, alphabet: string): Promise<Networks> {
    const program = new Blob([parts.get("worker")!], { type: "text/javascript" });
    const networks = new Networks(new Worker(URL.createObjectURL(program)));
    const [wasm, reader] = ["wasm", "reader"].map(name => parts.get(name)!);
    await networks.ask({ kind: "open", wasm, reader, alphabet }, [wasm, reader]);
    return networks;
  }

  async add(graphs: Record<string, Bytes>): Promise<void> {
    await this.ask({ kind: "add", graphs }, Object.values(graphs));
  }

  read(line: Grey): Promise<string> {
    return this.ask({ kind: "read", line });
  }

  // What a file's picture was, in [0, 1], on whole blocks.
  mend(file: Luminance): Promise<Float32Array> {
    return this.ask({ kind: "mend", file });
  }

  // A picture after a codec. The same key means the same picture.
  code(codec: string, picture: Colour, key: string, rate: number): Promise<Coded> {
    return this.ask({ kind: "code", codec, picture, key, rate });
  }

  // A picture's fax, or that of its `boxes` alone; at a scale, or if that is 0 with so
  // many bytes at most.
  fax(picture: Colour, window: number, boxes: Box[] | null, scale: number, allowed: number): Promise<Fax> {
    return this.ask({ kind: "fax", picture, window, boxes, scale, allowed });
  }

  // `given` is the worker's from then on.
  private ask<T extends Task>(task: T, given: Bytes[] = []): Promise<Answers[T["kind"]]> {
    const id = this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ answer, error }) =>
        error ? reject(new Error(error)) : resolve(answer));
      this.worker.postMessage({ id, task }, given.map(part => part.buffer));
    });
  }
}
