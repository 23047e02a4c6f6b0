// Ruin and mend: what is typed is drawn, ruined by JPEG, mended and read, all in the page.

import { whenBrought } from "./brought";
import { Brush, BUTTONS, KEYS } from "./brush";
import { cut, coefficients } from "./dct";
import { type Box, type Drawn, crop, jpeg, open, show, type } from "./draw";
import { type Luminance, luminance } from "./jpeg";
import { accuracy, type Fate, fates, type Letter } from "./letters";
import { Newest } from "./newest";
import type { Networks } from "./networks";
import type { Manifest } from "./parts";
import type { Grey } from "./reading";

const SIGNS: Record<Fate, string> = { right: "", mended: "+", broken: "×", wrong: "–", none: "" };
const SAID: Record<Fate, string> = {
  right: "read right both before and after",
  mended: "misread in the ruined picture, right after mending",
  broken: "right in the ruined picture, misread after mending",
  wrong: "misread both before and after",
  none: "",
};
const LONGEST = 48; // letters of a line
const FORM = `
  <form class="semlib-lab-form">
    <label class="wide">Your words, a line or two
      <textarea name="words" rows="2" spellcheck="false" autocomplete="off">Typed by you, now,
in this very page.</textarea></label>
    <label>Typeface <select name="typeface"></select></label>
    <label>Height of an x, in pixels
      <input name="height" type="range" min="4" max="12" step="0.5" value="6"><output></output></label>
    <label>JPEG quality
      <input name="quality" type="range" min="1" max="60" value="1"><output></output></label>
    <label>Moved right, in pixels
      <input name="right" type="range" min="0" max="7" value="0"><output></output></label>
    <label>Moved down, in pixels
      <input name="down" type="range" min="0" max="7" value="0"><output></output></label>
    <label class="wide">Or a picture of your own: choose one, drop it here, or paste it
      <input name="picture" type="file" accept="image/*"></label>
    <button type="button" name="back" hidden>Back to the words</button>
  </form>
  <p class="semlib-lab-note" role="alert"></p>
  <figure data-kind="clean"><canvas></canvas><figcaption></figcaption>
    <div class="semlib-lab-brush">Your ink: ${BUTTONS}</div></figure>
  <figure data-kind="ruined"><canvas></canvas><figcaption></figcaption></figure>
  <figure data-kind="mended"><canvas></canvas><figcaption></figcaption></figure>
  <h3>Letter by letter</h3>
  <p>Press a marked letter to learn what became of it: <b>+</b> mended, <b>×</b> broken by
    mending, <b>–</b> still wrong. All others were read right all along.</p>
  <p class="semlib-lab-letters"></p>
  <p class="semlib-lab-letter" role="status"></p>
  <p class="semlib-lab-sum" role="status"></p>
  <h3>Inside a block</h3>
  <p class="semlib-lab-block" role="status"></p>
  <label>Show <select name="show">
    <option value="all">the file’s value, and below it the mended one</option>
    <option value="interval">what the file allows, from and to</option>
    <option value="clean">the picture as drawn</option>
  </select></label>
  <div class="semlib-lab-table"></div>`;

type Kind = "clean" | "ruined" | "mended";
const NAMES: Record<Kind, string> = { clean: "As drawn", ruined: "Ruined by JPEG", mended: "Mended" };

interface Shown {
  drawn: Drawn;
  file: Luminance;
  mended: Float32Array;
}

export class Mending {
  private form: HTMLFormElement;
  private coming: File | null = null; // to be opened
  private brought: (Drawn & { note: string }) | null = null;
  private newest: Newest;
  private readClean = new Map<string, string>();
  private shown: Shown | null = null;
  private block = 0;
  private brush: Brush;

  constructor(private place: HTMLElement, private known: Manifest, private networks: Networks) {
    place.innerHTML = FORM;
    this.form = place.querySelector("form")!;
    this.newest = new Newest(place, outdated => this.answer(outdated), reason => this.note(reason));
    for (const { name, seen } of known.typefaces) {
      const words = name.replace(/(?<=[a-z])(?=[A-Z])/g, " ");
      this.field("typeface").append(new Option(seen ? words : `${words} (new to the restorer)`, name));
    }
    this.form.addEventListener("submit", event => event.preventDefault());
    this.form.addEventListener("input", event => {
      if ((event.target as HTMLInputElement).name !== "picture") void this.refresh();
    });
    whenBrought(place, this.field("picture"), file => {
      this.coming = file;
      void this.refresh();
    });
    this.named("back").addEventListener("click", () => {
      this.brought = null;
      this.field("picture").value = "";
      void this.refresh();
    });
    this.brush = new Brush(place, this.canvas("clean"), () => ({ width: 1, colour: [0, 0, 0] }), () => true,
      () => { if (this.shown) show(this.shown.drawn.picture, this.canvas("clean")); },
      () => void this.refresh());
    for (const kind of ["ruined", "mended"] as const) this.chooseBlocks(this.canvas(kind));
    this.named("show").addEventListener("change", () => this.table());
    void this.refresh();
  }

  private named(name: string) {
    return this.place.querySelector<HTMLInputElement>(`[name=${name}]`)!;
  }

  private field(name: string) {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }

  private part(name: string) {
    return this.place.querySelector<HTMLElement>(`.semlib-lab-${name}`)!;
  }

  private canvas(kind: Kind) {
    return this.place.querySelector<HTMLCanvasElement>(`[data-kind=${kind}] canvas`)!;
  }

  private refresh(): Promise<void> {
    return this.newest.ask();
  }

  private async answer(outdated: () => boolean): Promise<void> {
    const begun = performance.now();
    if (this.coming) {
      const file = this.coming;
      this.coming = null;
      this.brought = await open(file);
    }
    this.form.querySelectorAll("output").forEach(output => {
      output.textContent = output.parentElement!.querySelector("input")!.value;
    });
    this.named("back").hidden = !this.brought;
    const truth = this.brought ? null : this.typed();
    if (truth?.length === 0) return this.note("Type a letter or more.");
    const plain = this.brought ?? type(truth!, this.field("typeface").value,
      +this.field("height").value, +this.field("right").value, +this.field("down").value);
    this.note(this.brought ? `${this.brought.note}A line is taken to be rows of ink.` : this.lacking(truth!));
    const drawn = { ...plain, picture: this.inked(plain.picture) };
    show(drawn.picture, this.canvas("clean"));
    this.brush.mark();
    const data = jpeg(drawn.picture, +this.field("quality").value);
    const file = luminance(data);
    const ruined = levels(file.pixels, file);
    show(ruined, this.canvas("ruined"));
    if (outdated()) return;
    const restored = await this.networks.mend(file);
    if (outdated()) return;
    this.shown = { drawn, file, mended: restored };
    const mended = levels(restored, file);
    show(mended, this.canvas("mended"));
    const texts: Record<Kind, string> = { clean: "", ruined: "", mended: "" };
    const pictures = { mended, ruined, clean: drawn.picture };
    let seconds = 0;
    for (const kind of ["mended", "ruined", "clean"] as const) {
      texts[kind] = await this.read(kind, pictures[kind], drawn.lines, outdated);
      if (outdated()) return;
      seconds ||= (performance.now() - begun) / 1000;
    }
    const right = truth?.join("\n") ?? await this.read("clean", plain.picture, drawn.lines, outdated);
    if (outdated()) return;
    for (const kind of ["clean", "ruined", "mended"] as const) {
      this.caption(kind, texts[kind], right, kind === "ruined" ? data.length : 0);
    }
    this.letters(right, texts, seconds);
    this.choose(Math.min(this.block, ruined.pixels.length / 64 - 1));
  }

  private async read(kind: Kind, picture: Grey, lines: Box[], outdated: () => boolean) {
    const texts: string[] = [];
    for (const line of lines.map(box => crop(picture, box))) {
      const key = `${line.width} ${line.pixels}`;
      const text = this.readClean.get(key) ?? await this.networks.read(line);
      if (outdated()) return "";
      if (kind === "clean") this.readClean.set(key, text);
      texts.push(text);
    }
    if (this.readClean.size > 20) this.readClean.clear();
    return texts.join("\n");
  }

  private typed(): string[] {
    return this.field("words").value.split("\n").map(line => line.trim().slice(0, LONGEST))
      .filter(Boolean).slice(0, 2);
  }

  private lacking(truth: string[]): string {
    const all = this.field("words").value.split("\n").filter(line => line.trim());
    const typeface = this.known.typefaces.find(one => one.name === this.field("typeface").value)!;
    const letters = [...new Set(truth.join("").replace(/\s/g, ""))];
    const undrawn = letters.filter(letter => !typeface.letters.includes(letter));
    const unread = letters.filter(letter => !this.known.alphabet.includes(letter));
    return [
      all.length > 2 && "Only the first two lines are taken. ",
      all.some(line => line.trim().length > LONGEST) && `A line is cut after ${LONGEST} characters. `,
      undrawn.length && `The typeface lacks ${undrawn.join(" ")}, another one lends it. `,
      unread.length && `The reader has never learned ${unread.join(" ")} and cannot read it.`,
    ].filter(Boolean).join("");
  }

  private note(text: string): void {
    const place = this.part("note");
    if (place.textContent !== text) place.textContent = text;
  }

  private caption(kind: Kind, text: string, truth: string, bytes: number): void {
    const caption = this.place.querySelector(`[data-kind=${kind}] figcaption`)!;
    const share = Math.round(100 * accuracy(truth, text));
    const size = bytes ? ` (a file of ${bytes} bytes)`
      : kind === "clean" && this.brush.count ? ` (and ${this.brush.count} pixels painted by hand)` : "";
    const score = this.brought && kind === "clean" && !this.brush.count ? "" : `, accuracy ${share} %`;
    caption.replaceChildren(
      made("strong", NAMES[kind]), `${size}, read as `, made("q", text.replace("\n", " / ")), score,
    );
    this.canvas(kind).setAttribute("aria-label", `${NAMES[kind]}, enlarged. ` + (kind === "clean"
      ? KEYS : "Arrow keys choose a block."));
  }

  private letters(truth: string, texts: Record<Kind, string>, seconds: number): void {
    const all = fates(truth, texts.ruined, texts.mended);
    this.part("letter").textContent = "";
    this.part("letters").replaceChildren(...truth.split("\n").flatMap(line => {
      const words = line.split(" ").flatMap(text => {
        const word = made("span");
        word.append(...all.splice(0, [...text].length).map(one => this.mark(one)));
        all.shift(); // the space, or the line's end
        return [word, " "];
      });
      return [...words, made("br")];
    }));
    const count = (fate: Fate) =>
      this.part("letters").querySelectorAll(`[data-fate=${fate}]`).length;
    const kinds = (["right", "mended", "broken", "wrong"] as const)
      .map(fate => `${count(fate)} ${fate === "wrong" ? "still wrong" : fate === "right" ? "right all along" : fate}`);
    const sum = this.part("sum");
    sum.textContent = `${kinds.join(", ")}. Mended and read in ${seconds.toFixed(2)} s, on this machine.`;
    sum.dataset.seconds = String(seconds);
  }

  private mark({ letter, fate }: Letter): HTMLElement {
    if (fate === "right" || fate === "none") {
      const plain = made("span", letter);
      plain.dataset.fate = fate;
      return plain;
    }
    const mark = made("button", letter);
    Object.assign(mark, { type: "button" });
    mark.dataset.fate = fate;
    mark.dataset.sign = SIGNS[fate];
    mark.setAttribute("aria-label", `${letter}: ${fate}`);
    const say = () => { this.part("letter").textContent = `«${letter}»: ${SAID[fate]}.`; };
    mark.addEventListener("click", say);
    mark.addEventListener("focus", say);
    return mark;
  }

  private inked(picture: Grey): Grey {
    const pixels = picture.pixels.slice();
    this.brush.ink(picture.width, picture.height, pixel => { pixels[pixel] = 0; });
    return { ...picture, pixels };
  }

  private chooseBlocks(canvas: HTMLCanvasElement): void {
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    const across = () => canvas.width / 8;
    canvas.addEventListener("click", event => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left) / box.width * across());
      const row = Math.floor((event.clientY - box.top) / box.height * canvas.height / 8);
      this.choose(row * across() + column);
    });
    canvas.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across(), ArrowDown: across() }[event.key];
      if (!step) return;
      event.preventDefault();
      this.choose(this.block + step);
    });
  }

  private choose(block: number): void {
    if (!this.shown || block < 0 || block >= this.shown.file.pixels.length / 64) return;
    this.block = block;
    const { file, mended } = this.shown, across = file.columns / 8;
    const column = block % across, row = Math.floor(block / across);
    for (const [kind, pixels] of [["ruined", file.pixels], ["mended", mended]] as const) {
      show(levels(pixels, file), this.canvas(kind));
      const context = this.canvas(kind).getContext("2d")!;
      context.strokeStyle = "#d9480f";
      context.strokeRect(8 * column + 0.5, 8 * row + 0.5, 7, 7);
    }
    const steps = [...file.table].sort((a, b) => a - b);
    this.part("block").textContent = `Block ${column + 1} of ${across} across, ${row + 1} of `
      + `${file.rows / 8} down. JPEG’s steps in this file: ${steps[0]} levels`
      + (steps[0] < steps[63] ? `, up to ${steps[63]}.` : " each.");
    this.table();
  }

  private table(): void {
    if (!this.shown) return;
    const { drawn, file, mended } = this.shown;
    const clean = Float32Array.from({ length: file.pixels.length }, (_, i) => {
      const row = Math.min(drawn.picture.height - 1, Math.floor(i / file.columns));
      const column = Math.min(drawn.picture.width - 1, i % file.columns);
      return drawn.picture.pixels[row * drawn.picture.width + column] / 255;
    });
    const [one, two, three] = [file.pixels, mended, clean].map(pixels =>
      [...coefficients(cut(pixels, file.columns, this.block))].map(value => Math.round(255 * value)));
    const kind = this.named("show").value;
    const table = made("table");
    for (let row = 0; row < 8; row++) {
      const line = made("tr");
      for (let i = 8 * row; i < 8 * row + 8; i++) {
        const half = file.table[i] / 2;
        const values = kind === "all" ? [one[i], two[i]] : kind === "clean" ? [three[i]]
          : [Math.ceil(one[i] - half), Math.floor(one[i] + half)];
        const cell = made("td");
        cell.append(...values.flatMap(value => [`${value}`.replace("-", "−"), made("br")]));
        cell.classList.toggle("changed", kind === "all" && Math.abs(one[i] - two[i]) > half / 2);
        line.append(cell);
      }
      table.append(line);
    }
    table.setAttribute("aria-label", "The block's 64 coefficients, in levels; the mean is the first");
    this.part("table").replaceChildren(table);
  }
}

// What a viewer shows of pixels: the picture's own, on whole levels.
function levels(pixels: Float32Array, { width, height, columns }: Luminance): Grey {
  const out = Uint8Array.from({ length: width * height }, (_, i) => {
    const value = pixels[Math.floor(i / width) * columns + i % width];
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  });
  return { width, height, pixels: out };
}

export function made(kind: string, textContent = ""): HTMLElement {
  return Object.assign(document.createElement(kind), { textContent });
}
