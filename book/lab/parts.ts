// The parts that the page runs on, loaded by script tags: a page that was opened from a
// folder may not fetch. tools/lab.py packs them.

export interface Manifest {
  parts: { name: string; pieces: number; bytes: number; split: boolean }[];
  weights: Record<"restorer" | "reader", { name: string; sha256: string }>;
  alphabet: string;
  typefaces: { name: string; seen: boolean; letters: string }[];
}

let known: Manifest;
const pieces = new Map<string, string[]>();

// What the scripts call.
export const arriving = {
  manifest(manifest: Manifest) { known = manifest; },
  piece(part: string, number: number, text: string) {
    pieces.get(part)![number] = text;
  },
};

export async function manifest(folder: string): Promise<Manifest> {
  await script(`${folder}/manifest.js`);
  return known;
}

// All parts, unpacked. `progress` is told how many bytes have come, of how many.
export async function load(
  folder: string, { parts }: Manifest, progress: (got: number, all: number) => void,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const all = parts.reduce((sum, part) => sum + part.bytes, 0);
  const unpacked = new Map<string, Uint8Array<ArrayBuffer>>();
  let got = 0;
  for (const { name, pieces: count, bytes, split } of parts) {
    pieces.set(name, []);
    await Promise.all(Array.from({ length: count }, async (_, number) => {
      await script(`${folder}/${name}-${number}.js`);
      progress(got += bytes / count, all);
    }));
    const data = await unpack(pieces.get(name)!.join(""));
    unpacked.set(name, split ? joined(data) : data);
    pieces.delete(name);
  }
  return unpacked;
}

function script(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src });
    element.onload = () => { element.remove(); resolve(); };
    element.onerror = () => { element.remove(); reject(new Error(`${src} did not come`)); };
    document.head.append(element);
  });
}

async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const binary = atob(text), data = new Uint8Array(binary.length);
  for (let i = 0; i < data.length; i++) data[i] = binary.charCodeAt(i);
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Even and odd bytes, which were written one after the other, in turn again.
function joined(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const half = Math.ceil(data.length / 2);
  return data.map((_, i) => data[(i >> 1) + (i & 1) * half]);
}
