// Keep the text, let the rest go: one picture after stage 1, TFIC and as a fax.

import { whenBrought } from "./brought";
import { Brush, BUTTONS, KEYS } from "./brush";
import { type Colour, coloured, flat, grey, half, lay, levels, open, show } from "./colour";
import { type Box, crop, word } from "./draw";
import { CELL } from "./fax";
import { accuracy, marks } from "./letters";
import { made } from "./mending";
import type { Networks } from "./networks";
import { Newest } from "./newest";
import type { Manifest } from "./parts";
import type { Coded } from "./worker";

const KINDS = ["original", "stage", "tfic", "fax"] as const;
type Kind = typeof KINDS[number];
const NAMES: Record<Kind, string> = { original: "The picture", stage: "Stage 1", tfic: "TFIC", fax: "Fax" };
export const CODECS = { stage: "scenes", tfic: "scenes-tfic" };
const RATES = 7; // the highest
const NEAR = 0.02, TURNS = 6; // of a search for a rate: so near, or so many at most
const MOST = 512 * 256, LONGEST = 1024; // pixels of a picture that is brought, and of its sides
const LETTERS = 24; // of a word
const WINDOW = 31; // pixels that Sauvola's threshold looks at, one of chapter 6's
const STEP = 4; // pixels that a key moves the box by
const BRUSH = `
  <div class="semlib-lab-brush">
    <label>Brush <input name="brush" type="range" min="1" max="15" step="2" value="3"></label>
    <input name="colour" type="color" value="#e8590c" aria-label="The brush’s colour">
    ${BUTTONS}
  </div>`;
const FORM = `
  <form class="semlib-lab-form">
    <label class="wide">Picture <select name="picture"></select></label>
    <label data-for="typed">Your word
      <input name="word" type="text" spellcheck="false" autocomplete="off" maxlength="${LETTERS}" value="Keep me"></label>
    <label data-for="typed">Typeface <select name="typeface"></select></label>
    <label data-for="typed">Height of a capital, in pixels
      <input name="height" type="range" min="20" max="120" step="2" value="48"><output></output></label>
    <label data-for="typed">Ink <input name="ink" type="color" value="#f5e663"></label>
    <label data-for="own">What stands in the box, if you want it scored
      <input name="says" type="text" spellcheck="false" autocomplete="off"></label>
    <label>Stage 1’s rate <select name="equal">
      <option value="bits">with TFIC’s bits</option>
      <option value="rate">the same number</option></select></label>
    <label>What is sent <select name="sent">
      <option value="page">the whole picture</option>
      <option value="words">the words’ boxes alone</option></select></label>
    <label>Fax reduced <select name="scale">
      <option value="0">to TFIC’s bits</option>
      <option value="1">not at all</option>
      ${[2, 3, 4, 6, 8].map(by => `<option value="${by}">by ${by}</option>`).join("")}</select></label>
    <label>Size <select name="size">
      <option value="1">whole</option>
      <option value="2">half of it, each way</option></select></label>
    <label>Show <select name="show">
      <option value="pictures">what is decoded</option>
      <option value="bits">where the bits go</option></select></label>
    <label data-for="own">On the picture you draw <select name="draws">
      <option value="box">the box that is read</option>
      <option value="ink">with a brush, to fool the reader</option></select></label>
    <label class="wide">Or a picture of your own: choose one, drop it here, or paste it
      <input name="file" type="file" accept="image/*"></label>
    <button type="button" name="whole" data-for="own">The box round the whole picture</button>
    <button type="button" name="back" data-for="own">Back to the prepared pictures</button>
  </form>
  <p class="semlib-lab-note" role="alert"></p>
  <p class="semlib-lab-box" role="status" data-for="own"></p>
  <div class="semlib-lab-four">${KINDS.map(kind => `
    <figure data-kind="${kind}"><canvas role="img"></canvas>${kind === "original" ? BRUSH : ""}
      <figcaption></figcaption><p class="semlib-lab-marks"></p></figure>`).join("")}
  </div>
  <label class="semlib-lab-rate">Rate: a larger one takes more bits
    <input name="rate" type="range" min="0" max="7" step="0.25" value="3"><output></output></label>
  <p class="semlib-lab-legend"></p>
  <p class="semlib-lab-fooled" role="status"></p>
  <p class="semlib-lab-sum" role="status"></p>`;

interface Asked {
  plain: Colour; // not painted on
  picture: Colour;
  boxes: Box[];
  truth: string[] | null; // of each box
  key: string; // of the plain picture
}

export class Keeping {
  private newest: Newest;
  private coming: File | null = null; // to be opened
  private brought: (Colour & { note: string }) | null = null;
  private count = 0; // of pictures that were brought
  private box: Box = { left: 0, top: 0, right: 0, bottom: 0 }; // on what was brought
  private readBefore = new Map<string, string[]>(); // of pictures before any codec
  private brush: Brush;
  private inked = ""; // which picture the ink is on
  private fooled = new Map<Kind, number>(); // pixels painted when a word was first misread
  private shown = new Map<Kind, Coded>();
  private outlined: Box[] = [];
  private right = new Map<Kind, string>(); // how many letters, of how many

  constructor(
    private place: HTMLElement, private known: Manifest, private networks: Networks,
    private pictures: Map<string, Colour>,
  ) {
    place.innerHTML = FORM;
    this.newest = new Newest(place, outdated => this.answer(outdated), reason => this.note(reason));
    const choices = this.field("picture");
    known.scenes.forEach(({ part, on, words }) =>
      choices.append(new Option(`«${words.map(({ text }) => text).join(" ")}» on ${on}`, part)));
    known.grounds.forEach(({ part, name }) =>
      choices.append(new Option(`a word that you type, on ${name}`, part)));
    known.typefaces.forEach(({ name }) =>
      this.field("typeface").append(new Option(name.replace(/(?<=[a-z])(?=[A-Z])/g, " "), name)));
    place.querySelector("form")!.addEventListener("submit", event => event.preventDefault());
    place.addEventListener("input", event => {
      const { name } = event.target as HTMLInputElement;
      if (name !== "brush" && name !== "colour") this.fooled.clear();
      if (name === "picture") this.brought = null;
      if (name === "show") this.paint();
      else if (name !== "file") void this.newest.ask();
    });
    whenBrought(place, this.field("file"), file => {
      this.coming = file;
      void this.newest.ask();
    });
    this.field("back").addEventListener("click", () => {
      this.brought = null;
      this.field("file").value = "";
      void this.newest.ask();
      choices.focus();
    });
    this.field("whole").addEventListener("click", () => this.mark(null));
    this.boxes(this.canvas("original"));
    this.brush = new Brush(place, this.canvas("original"),
      () => ({ width: +this.field("brush").value, colour: levels(this.field("colour").value) }),
      () => this.paints(), () => this.paint(), () => void this.newest.ask());
    void this.newest.ask();
  }

  private field(name: string) {
    return this.place.querySelector<HTMLInputElement>(`[name=${name}]`)!;
  }

  private part(name: string) {
    return this.place.querySelector<HTMLElement>(`.semlib-lab-${name}`)!;
  }

  private figure(kind: Kind, part: string) {
    return this.place.querySelector<HTMLElement>(`[data-kind=${kind}] ${part}`)!;
  }

  private canvas(kind: Kind) {
    return this.figure(kind, "canvas") as HTMLCanvasElement;
  }

  private note(text: string): void {
    if (this.part("note").textContent !== text) this.part("note").textContent = text;
  }

  private async answer(outdated: () => boolean): Promise<void> {
    if (this.coming) {
      const file = this.coming;
      this.coming = null;
      this.brought = await open(file, MOST, 1, LONGEST);
      this.count++;
      this.field("says").value = "";
      this.box = { left: 0, top: 0, right: this.brought.width, bottom: this.brought.height };
    }
    this.place.querySelectorAll("output").forEach(output => {
      output.textContent = output.parentElement!.querySelector("input")!.value;
    });
    const asked = this.asked();
    if (!asked) return;
    const { picture, boxes } = asked, key = `${asked.key} ${this.brush.name}`;
    this.outlined = boxes;
    this.shown.set("original", { picture, bits: new Float32Array(0), across: 0 });
    this.paint();
    const truth = asked.truth ?? await this.before(asked.plain, boxes, asked.key, outdated);
    if (outdated()) return;
    const before = await this.before(picture, boxes, key, outdated);
    if (outdated()) return;
    const { count } = this.brush;
    this.caption("original", count ? `, ${count} pixels painted` : ", as it is", before, truth, !asked.truth && !count);

    const words = this.field("sent").value === "words";
    const sent = words ? flat(picture, boxes) : picture;
    const name = words ? `${key} ${JSON.stringify(boxes)}` : key;
    const rate = +this.field("rate").value, begun = performance.now();
    const coded = await this.networks.code(CODECS.tfic, sent, name, rate);
    const decoded = (performance.now() - begun) / 1000, bits = total(coded);
    if (outdated() || !await this.tell("tfic", asked, coded, rate, truth, outdated)) return;
    const seconds = (performance.now() - begun) / 1000;
    const found = await this.stage(sent, name, rate, bits, outdated);
    if (!found || !await this.tell("stage", asked, found.coded, found.rate, truth, outdated)) return;

    const scale = +this.field("scale").value;
    const fax = await this.networks.fax(picture, WINDOW, words ? boxes : null, scale, bits / 8);
    if (outdated()) return;
    const black = coloured(fax.picture);
    this.shown.set("fax", { picture: black, bits: fax.bits, across: Math.ceil(picture.width / CELL) });
    this.paint();
    const read = await this.read(black, boxes, outdated);
    if (outdated()) return;
    const reduced = fax.scale > 1 ? `reduced by ${fax.scale}, ` : "";
    this.caption("fax", `, ${reduced}${this.size(8 * fax.data.length, picture)} (a whole file)${this.inside("fax", boxes)}`, read, truth);
    this.part("fooled").textContent = count ? `${count} pixels painted. ${KINDS.map(kind => this.since(kind)).join("; ")}.` : "";
    const sum = this.part("sum");
    sum.textContent = `Letters read right: ${KINDS.map(kind => `${NAMES[kind]} ${this.right.get(kind)}`).join(", ")}. TFIC decoded in ${decoded.toFixed(2)} s and read in ${(seconds - decoded).toFixed(2)} s, on this machine.`;
    sum.dataset.seconds = String(decoded);
  }

  // What a codec made of it: shown, read and told. Not if something newer was asked.
  private async tell(
    kind: "stage" | "tfic", { picture, boxes }: Asked, coded: Coded, rate: number, truth: string[], outdated: () => boolean,
  ): Promise<boolean> {
    this.shown.set(kind, coded);
    this.paint();
    const read = await this.read(coded.picture, boxes, outdated);
    if (outdated()) return false;
    const size = this.size(total(coded), picture);
    this.caption(kind, `, rate ${+rate.toFixed(2)}${rate <= 0 ? ", the lowest" : ""}, about ${size} (estimated)${this.inside(kind, boxes)}`, read, truth);
    return true;
  }

  // Stage 1 at the same rate, or at one where it takes as many bits, as far as there is one:
  // their logarithm is taken to be straight between rates that were tried.
  private async stage(
    picture: Colour, key: string, rate: number, wanted: number, outdated: () => boolean,
  ): Promise<{ coded: Coded; rate: number } | null> {
    const search = this.field("equal").value === "bits";
    let low: [number, number] | null = null, high: [number, number] | null = null;
    for (let turn = 0; ; turn++) {
      const coded = await this.networks.code(CODECS.stage, picture, key, rate);
      if (outdated()) return null;
      const away = Math.log(total(coded) / wanted);
      const end = away > 0 ? rate <= 0 : rate >= RATES;
      if (!search || Math.abs(away) < NEAR || end || turn === TURNS) return { coded, rate };
      if (away > 0) high = [rate, away];
      else low = [rate, away];
      if (low && high) rate = low[0] - low[1] * (high[0] - low[0]) / (high[1] - low[1]);
      else rate = Math.min(RATES, Math.max(0, rate - away * 1.5));
    }
  }

  // What is asked for, or nothing where that is not enough; the form shows what it needs.
  private asked(): Asked | null {
    const part = this.field("picture").value, halved = +this.field("size").value === 2;
    const scene = this.known.scenes.find(one => one.part === part);
    const kind = this.brought ? "own" : scene ? "scene" : "typed";
    this.place.querySelectorAll<HTMLElement>("[data-for]").forEach(element => {
      element.hidden = element.dataset.for !== kind;
    });
    const size = (found: Omit<Asked, "picture">): Asked => {
      const [first] = found.boxes, on = this.brought ? found.key : part;
      if (this.inked !== on) this.brush.clear([first.left, (first.top + first.bottom) >> 1]);
      this.inked = on;
      const picture = this.painted(found.plain);
      return halved ? {
        ...found, plain: half(found.plain), picture: half(picture), boxes: found.boxes.map(small), key: `${found.key} half`,
      } : { ...found, picture };
    };
    if (this.brought) {
      const says = this.field("says").value.trim();
      this.note(this.brought.note);
      this.tellBox();
      return size({ plain: this.brought, boxes: [this.box], truth: says ? [says] : null, key: `own ${this.count}` });
    }
    const plain = this.pictures.get(part)!;
    if (scene) {
      this.note("");
      const boxes = scene.words.map(({ box: [left, top, right, bottom] }) => ({ left, top, right, bottom }));
      return size({ plain, boxes, truth: scene.words.map(({ text }) => text), key: part });
    }
    const text = this.field("word").value.trim();
    if (!text) return this.note("Type a letter or more."), null;
    const typeface = this.known.typefaces.find(one => one.name === this.field("typeface").value)!;
    const letters = [...new Set(text.replace(/\s/g, ""))];
    const undrawn = letters.filter(letter => !typeface.letters.includes(letter));
    const unread = letters.filter(letter => !this.known.alphabet.includes(letter));
    this.note([
      undrawn.length && `The typeface lacks ${undrawn.join(" ")}, another one lends it. `,
      unread.length && `The reader has never learned ${unread.join(" ")} and cannot read it.`,
    ].filter(Boolean).join(""));
    const colour = this.field("ink").value, capital = +this.field("height").value;
    const share = word(text, typeface.name, capital, plain.width, plain.height);
    const laid = lay(plain, share, levels(colour));
    if (!laid.box) return this.note("Nothing of this word can be drawn."), null;
    const key = [part, text, typeface.name, capital, colour].join(" ");
    return size({ plain: laid.picture, boxes: [laid.box], truth: [text], key });
  }

  // What is read of a picture that no codec has seen. The same key means the same picture.
  private async before(picture: Colour, boxes: Box[], key: string, outdated: () => boolean): Promise<string[]> {
    const name = `${key} ${JSON.stringify(boxes)}`, known = this.readBefore.get(name);
    if (known) return known;
    const texts = await this.read(picture, boxes, outdated);
    if (this.readBefore.size > 20) this.readBefore.clear();
    if (!outdated()) this.readBefore.set(name, texts);
    return texts;
  }

  private painted({ width, height, pixels }: Colour): Colour {
    const out = pixels.slice();
    this.brush.ink(width, height, (pixel, colour) => out.set(colour, 4 * pixel));
    return { width, height, pixels: out };
  }

  private since(kind: Kind): string {
    const from = this.fooled.get(kind);
    return `${NAMES[kind]}: ${from === undefined ? "read right" : from ? `misread from ${from} on` : "misread from the start"}`;
  }

  private paints(): boolean {
    return !this.brought || this.field("draws").value === "ink";
  }

  private async read(picture: Colour, boxes: Box[], outdated: () => boolean): Promise<string[]> {
    const levels = grey(picture), texts: string[] = [];
    for (const box of boxes) {
      texts.push(await this.networks.read(crop(levels, box)));
      if (outdated()) break;
    }
    return texts;
  }

  private size(bits: number, { width, height }: Colour): string {
    const each = bits / (width * height);
    return `${Math.ceil(bits / 8)} bytes, ${each.toFixed(4)} bits per pixel`;
  }

  // How many of a picture's bits are in the boxes: a square's in proportion to its area.
  private inside(kind: Kind, boxes: Box[]): string {
    const { bits, across } = this.shown.get(kind)!;
    let sum = 0, all = 0;
    bits.forEach((one, i) => {
      const x = CELL * (i % across), y = CELL * Math.floor(i / across);
      const area = boxes.reduce((total, box) => total
        + Math.max(0, Math.min(x + CELL, box.right) - Math.max(x, box.left))
        * Math.max(0, Math.min(y + CELL, box.bottom) - Math.max(y, box.top)), 0);
      sum += one * Math.min(1, area / CELL ** 2);
      all += one;
    });
    return `, ${Math.round(100 * sum / Math.max(all, 1e-9))}\u00a0% of it in the ${boxes.length > 1 ? "boxes" : "box"}`;
  }

  private caption(kind: Kind, told: string, read: string[], truth: string[], unknown = false): void {
    const [text, right] = [read, truth].map(parts => parts.join(" "));
    const score = unknown ? "" : `, accuracy ${Math.round(100 * accuracy(right, text))}\u00a0%`;
    this.figure(kind, "figcaption").replaceChildren(
      made("strong", NAMES[kind]), `${told}, read as `, made("q", text), score);
    this.canvas(kind).setAttribute("aria-label", kind !== "original" ? `What ${NAMES[kind]} leaves of it.`
      : this.paints() ? `The picture. ${KEYS}`
        : "Your picture. Arrow keys move the box, with the shift key they change its size.");
    if (accuracy(right, text) === 1) this.fooled.delete(kind);
    else if (!this.fooled.has(kind)) this.fooled.set(kind, this.brush.count);
    const line = this.figure(kind, ".semlib-lab-marks");
    const fates = truth.flatMap((one, i) => [...marks(one, read[i] ?? ""), { letter: " " }]);
    const wrong = fates.filter(({ right }) => right === false).map(({ letter }) => letter);
    const count = fates.filter(({ right }) => right !== undefined).length;
    this.right.set(kind, `${count - wrong.length} of ${count}`);
    line.replaceChildren(...fates.map(({ letter, right }) => {
      const mark = made("span", letter);
      mark.ariaHidden = "true";
      if (right === false) Object.assign(mark.dataset, { fate: "wrong", sign: "–" });
      return mark;
    }));
    const said = made("span", wrong.length ? `misread: ${wrong.join(" ")}` : "every letter right");
    said.className = "semlib-lab-said";
    if (!unknown) line.append(said);
  }

  // Whatever is there, in the way that is asked for.
  private paint(): void {
    const mapped = this.field("show").value === "bits";
    const original = this.shown.get("original");
    const most = Math.max(1e-9, ...[...this.shown.values()].map(({ bits }) => bits.reduce((a, b) => Math.max(a, b), 0)));
    for (const [kind, { picture, bits, across }] of this.shown) {
      const context = show(picture, this.canvas(kind));
      if (kind === "original") {
        this.outline(context);
        this.brush.mark();
      }
      else if (mapped && original) {
        context.putImageData(pale(original.picture), 0, 0);
        bits.forEach((one, i) => {
          context.fillStyle = `rgb(200 30 0 / ${0.9 * Math.sqrt(one / most)})`;
          context.fillRect(CELL * (i % across), CELL * Math.floor(i / across), CELL, CELL);
        });
      }
    }
    this.part("legend").textContent = mapped
      ? `Red is where the bits go, over the paled picture. The fullest red is ${most.toFixed(0)} bits in ${CELL} × ${CELL} pixels, on one scale for all three; half as full a red is a quarter of them.`
      : "";
  }

  private outline(context: CanvasRenderingContext2D): void {
    for (const { left, top, right, bottom } of this.outlined) {
      for (const [style, width] of [["white", 3], ["#b02a0c", 1]] as const) {
        Object.assign(context, { strokeStyle: style, lineWidth: width });
        context.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
      }
    }
  }

  // The box on a picture that was brought: drawn by a pointer, or moved by keys.
  private boxes(canvas: HTMLCanvasElement): void {
    let from: [number, number] | null = null;
    const at = (event: PointerEvent): [number, number] => {
      const seen = canvas.getBoundingClientRect();
      const { width, height } = this.brought!;
      return [(event.clientX - seen.left) / seen.width * width, (event.clientY - seen.top) / seen.height * height];
    };
    canvas.addEventListener("pointerdown", event => {
      if (!this.brought || this.paints() || !(event.buttons & 1)) return;
      from = at(event);
      canvas.setPointerCapture(event.pointerId);
    });
    const draw = (event: PointerEvent) => {
      if (!from || !this.brought) return;
      const [x, y] = at(event);
      if (Math.abs(x - from[0]) < 8 || Math.abs(y - from[1]) < 8) return;
      this.mark({
        left: Math.min(x, from[0]), right: Math.max(x, from[0]),
        top: Math.min(y, from[1]), bottom: Math.max(y, from[1]),
      });
    };
    canvas.addEventListener("pointermove", draw);
    canvas.addEventListener("pointerup", event => {
      draw(event);
      from = null;
    });
    canvas.addEventListener("keydown", event => {
      const step = {
        ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP],
      }[event.key];
      if (!step || !this.brought || this.paints()) return;
      event.preventDefault();
      const { left, top, right, bottom } = this.box, [x, y] = step;
      if (event.shiftKey) this.mark({ left, top, right: right + x, bottom: bottom + y });
      else if (left + x >= 0 && right + x <= this.brought.width && top + y >= 0 && bottom + y <= this.brought.height) {
        this.mark({ left: left + x, top: top + y, right: right + x, bottom: bottom + y });
      }
    });
  }

  private mark(box: Box | null): void {
    const { width, height } = this.brought!;
    const { left, top, right, bottom } = box ?? { left: 0, top: 0, right: width, bottom: height };
    const begin = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top))];
    this.box = {
      left: begin[0], top: begin[1],
      right: Math.min(width, Math.max(begin[0] + 8, Math.ceil(right))),
      bottom: Math.min(height, Math.max(begin[1] + 8, Math.ceil(bottom))),
    };
    void this.newest.ask();
  }

  private tellBox(): void {
    const { left, top, right, bottom } = this.box;
    this.part("box").textContent = `The box that is read: ${right - left} × ${bottom - top} pixels, `
      + `${left} from the left and ${top} from the top.`
      + (this.paints() ? "" : " Draw another one on the picture, or move it with the arrow keys.")
      + (bottom - top > right - left ? " It is higher than wide: its word is read as it stands, not turned." : "");
  }
}

const total = ({ bits }: Coded) => bits.reduce((sum, one) => sum + one, 0);

function small({ left, top, right, bottom }: Box): Box {
  return { left: left >> 1, top: top >> 1, right: (right + 1) >> 1, bottom: (bottom + 1) >> 1 };
}

function pale({ width, height, pixels }: Colour): ImageData {
  const out = pixels.slice();
  for (let i = 0; i < out.length; i += 4) {
    const level = 0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2];
    out.fill(255 - 0.4 * (255 - level), i, i + 3);
  }
  return new ImageData(out, width, height);
}
