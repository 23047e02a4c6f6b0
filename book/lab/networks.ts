// The worker with the networks, as functions that promise an answer.

import type { Luminance } from "./jpeg";
import type { Manifest } from "./parts";
import type { Grey } from "./reading";
import type { Answers, Task } from "./worker";

export class Networks {
  private waiting = new Map<number, (message: { answer: never; error?: string }) => void>();
  private asked = 0;

  private constructor(private worker: Worker) {
    worker.onmessage = ({ data }) => {
      this.waiting.get(data.id)!(data);
      this.waiting.delete(data.id);
    };
  }

  static async open(parts: Map<string, Uint8Array<ArrayBuffer>>, { alphabet }: Manifest) {
    const program = new Blob([parts.get("worker")!], { type: "text/javascript" });
    const networks = new Networks(new Worker(URL.createObjectURL(program)));
    const [wasm, reader, restorer] = ["wasm", "reader", "restorer"].map(name => parts.get(name)!);
    await networks.ask({ kind: "open", wasm, reader, restorer, alphabet });
    return networks;
  }

  read(line: Grey): Promise<string> {
    return this.ask({ kind: "read", line });
  }

  // What a file's picture was, in [0, 1], on whole blocks.
  mend(file: Luminance): Promise<Float32Array> {
    return this.ask({ kind: "mend", file });
  }

  private ask<T extends Task>(task: T): Promise<Answers[T["kind"]]> {
    const id = this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ answer, error }) =>
        error ? reject(new Error(error)) : resolve(answer));
      const buffers = task.kind === "open"
        ? [task.wasm, task.reader, task.restorer].map(part => part.buffer as ArrayBuffer) : [];
      this.worker.postMessage({ id, task }, buffers);
    });
  }
}
