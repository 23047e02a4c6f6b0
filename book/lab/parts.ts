// The parts that the page runs on. They are scripts: a page that was opened from a folder
// may not fetch, and loads them by tags. One that a server sent keeps them in the browser,
// and asks for none of them again. tools/lab.py packs them.

export type Half = "mending" | "keeping"; // of the page

export interface Part {
  name: string;
  pieces: number;
  bytes: number;
  version: string; // of what is in it
  split: boolean;
  of: Half | "both";
}

export interface Manifest {
  parts: Part[];
  weights: Record<string, { name: string; sha256: string }>;
  alphabet: string;
  typefaces: { name: string; seen: boolean; letters: string }[];
  scenes: { part: string; on: string; words: { text: string; box: [number, number, number, number] }[] }[];
  grounds: { part: string; name: string }[];
}

let known: Manifest;
const pieces = new Map<string, Uint8Array<ArrayBuffer>[]>();

// What the scripts call.
export const arriving = {
  manifest(manifest: Manifest) { known = manifest; },
  piece(part: string, number: number, text: string) {
    pieces.get(part)![number] = bytes(text);
  },
};

export async function manifest(folder: string): Promise<Manifest> {
  await script(`${folder}/manifest.js`);
  return known;
}

// Parts, unpacked. `progress` is told how many bytes have come, of how many.
export async function load(
  folder: string, parts: Part[], progress: (got: number, all: number) => void,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const all = parts.reduce((sum, part) => sum + part.bytes, 0), store = await kept();
  const unpacked = new Map<string, Uint8Array<ArrayBuffer>>();
  let got = 0;
  for (const { name, pieces: count, bytes, version, split } of parts) {
    pieces.set(name, []);
    await Promise.all(Array.from({ length: count }, async (_, number) => {
      await run(`${folder}/${name}-${number}.js?${version}`, store);
      progress(got += bytes / count, all);
    }));
    const stream = new Blob(pieces.get(name)!).stream().pipeThrough(new DecompressionStream("gzip"));
    pieces.delete(name);
    const data = new Uint8Array(await new Response(stream).arrayBuffer());
    unpacked.set(name, split ? joined(data) : data);
  }
  return unpacked;
}

// Where a server's parts are kept, if this browser keeps any; those of other versions go.
async function kept(): Promise<Cache | null> {
  try {
    const store = await caches.open("semlib-lab");
    const versions = new Set(known.parts.map(part => `?${part.version}`));
    for (const { url } of await store.keys()) {
      if (!versions.has(new URL(url).search)) await store.delete(url);
    }
    return store;
  } catch {
    return null; // a folder, a private window, or no https
  }
}

// What a server sends is taken apart, not run: a script that has run keeps its text.
async function run(address: string, store: Cache | null): Promise<void> {
  if (location.protocol === "file:") return script(address);
  let answer = await store?.match(address);
  if (!answer) {
    answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address} did not come`);
    await store?.put(address, answer.clone()).catch(() => {}); // no room: the next visit asks again
  }
  const text = await answer.text();
  const [part, number, piece] = JSON.parse(`[${text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"))}]`);
  arriving.piece(part, number, piece);
}

function script(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement("script"), { src });
    element.onload = () => { element.remove(); resolve(); };
    element.onerror = () => { element.remove(); reject(new Error(`${src} did not come`)); };
    document.head.append(element);
  });
}

// Of base 64: a piece is whole, its length a multiple of four letters.
function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text), data = new Uint8Array(binary.length);
  for (let i = 0; i < data.length; i++) data[i] = binary.charCodeAt(i);
  return data;
}

// Even and odd bytes, which were written one after the other, in turn again.
function joined(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const half = Math.ceil(data.length / 2);
  return data.map((_, i) => data[(i >> 1) + (i & 1) * half]);
}
