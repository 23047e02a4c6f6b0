// The live lab: its two halves, each loaded on a click of its own. What both need comes
// with the first.

import { type Colour, grey, open } from "./colour";
import { crop } from "./draw";
import { compress } from "./fax";
import { luminance } from "./jpeg";
import { CODECS, Keeping } from "./keeping";
import { made, Mending } from "./mending";
import { Networks } from "./networks";
import { arriving, type Half, load, type Manifest, manifest } from "./parts";

const TITLES: Record<Half, string> = { mending: "Load the networks", keeping: "Load the codecs" };

const NEEDED = ["WebAssembly", "DecompressionStream", "Worker"];

let whole: Promise<Manifest> | null = null;
let networks: Promise<Networks> | null = null; // once a half is asked for
const buttons = new Map<HTMLElement, () => void>(); // each button's, to tell its size anew

function needed(half: Half, { parts }: Manifest) {
  return parts.filter(part => part.of === half || part.of === "both" && !networks);
}

async function begin(place: HTMLElement): Promise<void> {
  const folder = place.dataset.parts!, half = place.dataset.half as Half;
  const button = Object.assign(made("button", TITLES[half]), { type: "button" });
  const said = made("p");
  said.setAttribute("role", "status");
  place.replaceChildren(button, said);
  let known: Manifest;
  try {
    known = await (whole ??= manifest(folder));
  } catch {
    said.textContent = "The networks are not beside this page: `make book` puts them there.";
    return button.remove();
  }
  const tell = () => {
    const size = needed(half, known).reduce((sum, part) => sum + part.bytes, 0) / 1e6;
    button.textContent = `${TITLES[half]} (${size.toFixed(0)} MB)`;
  };
  const lacking = NEEDED.find(name => !(name in window));
  if (lacking) {
    said.textContent = `This browser has no ${lacking}, without which the networks do not run.`;
    return button.remove();
  }
  tell();
  buttons.set(button, tell);
  button.addEventListener("click", async () => {
    button.remove();
    buttons.delete(button);
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", "Loading the networks");
    place.append(bar);
    said.textContent = "Loading …";
    try {
      const common = networks;
      const coming = load(folder, needed(half, known), (got, all) => { bar.value = got / all; });
      networks ??= coming.then(parts => opened(parts, known));
      networks.catch(() => { networks = null; });
      buttons.forEach(again => again());
      const parts = await coming;
      said.textContent = "Starting …";
      const running = await (common ?? networks);
      const graphs = [...parts].filter(([name]) => half === "mending"
        ? name === "restorer" : Object.values(CODECS).some(codec => name.startsWith(`${codec}-`)));
      await running.add(Object.fromEntries(graphs));
      if (half === "mending") new Mending(place, known, running);
      else new Keeping(place, known, running, await pictures(parts));
    } catch (error) {
      bar.remove();
      said.textContent = `The networks did not start: ${(error as Error).message}. If they came, it may be too little memory.`;
      place.prepend(button);
      buttons.set(button, tell);
      tell();
    }
  });
}

async function opened(parts: Map<string, Uint8Array<ArrayBuffer>>, known: Manifest): Promise<Networks> {
  for (const { name } of known.typefaces) {
    document.fonts.add(await new FontFace(name, parts.get(name)!).load());
  }
  const running = await Networks.open(parts, known.alphabet);
  Object.assign(window, { semlibLab: { ...arriving, networks: running, luminance, grey, crop, compress } });
  return running;
}

async function pictures(parts: Map<string, Uint8Array<ArrayBuffer>>): Promise<Map<string, Colour>> {
  const found = new Map<string, Colour>();
  for (const [name, data] of parts) {
    if (/^(scene|ground)-\d/.test(name)) {
      found.set(name, await open(new Blob([data], { type: "image/png" }), Infinity, 1, Infinity));
    }
  }
  return found;
}

Object.assign(window, { semlibLab: arriving });
for (const place of document.querySelectorAll<HTMLElement>(".semlib-lab")) void begin(place);
