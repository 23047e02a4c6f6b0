// Ink by hand on a canvas: by pointer or finger, or by keys, one pixel or more at a time.

interface Stroke {
  colour: [number, number, number];
  pixels: Map<string, [number, number]>; // column and row, on the picture
}

interface Tip {
  width: number; // in pixels
  colour: [number, number, number];
}

export const BUTTONS = `
  <button type="button" name="undo" aria-label="Undo the last stroke" disabled>Undo</button>
  <button type="button" name="wipe" aria-label="Wipe off the ink" disabled>Wipe</button>`;
export const KEYS = "Arrow keys move a brush, with the shift key by eight, the space bar inks.";
const FAR = 8;
const SMALL = 3; // pixels of the screen, for one of the picture
const MARK = "#d9480f"; // where the keys have moved the brush

// Ink that stands on `width` × `height` pixels, whatever the canvas has.
export class Brush {
  count = 0; // of pixels painted on the picture, as last inked
  private strokes: Stroke[] = [];
  private sides: [number, number] = [1, 1];
  private at: [number, number] = [0, 0];
  private keyed = false; // moved by keys last: the tip is shown

  // `place` has the buttons; `used` says whether the pointer paints now; `plain` shows
  // the picture without the tip, and `changed` is told of new ink.
  constructor(
    private place: HTMLElement, private canvas: HTMLCanvasElement, private tip: () => Tip,
    used: () => boolean, private plain: () => void, private changed: () => void,
  ) {
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    let from: [number, number] | null = null; // while the pointer is down
    canvas.addEventListener("pointerdown", event => {
      if (!used() || !(event.buttons & 1)) return;
      canvas.setPointerCapture(event.pointerId);
      this.keyed = false;
      this.begin();
      from = this.under(event);
      this.line(from, from);
    });
    canvas.addEventListener("pointermove", event => {
      if (!from || !(event.buttons & 1)) return;
      const to = this.under(event);
      this.line(from, to);
      from = to;
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => { from = null; });
    }
    canvas.addEventListener("keydown", event => { if (used()) this.key(event); });
    canvas.addEventListener("blur", () => {
      if (this.keyed) this.plain();
      this.keyed = false;
    });
    this.button("undo").addEventListener("click", () => this.undo());
    this.button("wipe").addEventListener("click", () => {
      this.clear(this.at);
      this.told();
    });
  }

  // What is painted, in one word: the same ink has the same one.
  get name(): string {
    return this.strokes.map(({ colour, pixels }) => `${colour}: ${[...pixels.keys()]}`).join("; ");
  }

  // Wipes all ink off, and puts the tip somewhere.
  clear(at: [number, number]): void {
    this.strokes = [];
    this.at = at;
  }

  // Calls `paint` for every painted pixel inside of a picture, which is the brush's from
  // then on. The newest ink comes last.
  ink(width: number, height: number, paint: (pixel: number, colour: [number, number, number]) => void): void {
    this.sides = [width, height];
    this.button("undo").disabled = this.button("wipe").disabled = !this.strokes.length;
    const painted = new Set<number>();
    for (const { colour, pixels } of this.strokes) {
      for (const [column, row] of pixels.values()) {
        if (column >= width || row >= height) continue;
        painted.add(row * width + column);
        paint(row * width + column, colour);
      }
    }
    this.count = painted.size;
  }

  // The tip, once more after the picture was shown.
  mark(): void {
    if (!this.keyed) return;
    const { width } = this.tip();
    if (this.canvas.clientWidth < SMALL * this.canvas.width) { // a ring, lest it is not seen
      this.square(...this.at, width + 12, MARK);
      this.square(...this.at, width + 8, "white");
    }
    this.square(...this.at, width, MARK);
  }

  private button(name: string) {
    return this.place.querySelector<HTMLButtonElement>(`[name=${name}]`)!;
  }

  private under(event: PointerEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect(), [width, height] = this.sides;
    return [
      Math.floor((event.clientX - box.left) / box.width * width),
      Math.floor((event.clientY - box.top) / box.height * height),
    ];
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) return this.undo();
    const step = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0],
    }[event.key];
    if (!step) return;
    event.preventDefault();
    this.keyed = true;
    const far = this.tip().width * (event.shiftKey ? FAR : 1);
    const [column, row] = this.at.map((at, i) =>
      Math.min(this.sides[i] - 1, Math.max(0, at + far * step[i])));
    this.at = [column, row];
    this.plain();
    this.mark();
    if (event.key !== " ") return;
    this.begin();
    this.line(this.at, this.at);
  }

  private begin(): void {
    this.strokes.push({ colour: this.tip().colour, pixels: new Map() });
  }

  // Squares as wide as the brush, from one pixel to another.
  private line(from: [number, number], to: [number, number]): void {
    const { width, colour } = this.tip(), { pixels } = this.strokes[this.strokes.length - 1];
    const away = [to[0] - from[0], to[1] - from[1]], steps = Math.max(1, ...away.map(Math.abs));
    for (let step = 0; step <= steps; step++) {
      const [x, y] = away.map((one, i) => from[i] + Math.round(one * step / steps));
      this.square(x, y, width, `rgb(${colour})`);
      const [left, top] = [x, y].map(place => place - (width >> 1));
      for (let row = Math.max(0, top); row < Math.min(this.sides[1], top + width); row++) {
        for (let column = Math.max(0, left); column < Math.min(this.sides[0], left + width); column++) {
          pixels.set(`${column} ${row}`, [column, row]);
        }
      }
    }
    this.changed();
  }

  // Shown at once: what is computed of it comes later.
  private square(column: number, row: number, width: number, colour: string): void {
    const context = this.canvas.getContext("2d")!;
    const [across, down] = [this.canvas.width / this.sides[0], this.canvas.height / this.sides[1]];
    context.fillStyle = colour;
    context.fillRect((column - (width >> 1)) * across, (row - (width >> 1)) * down, width * across, width * down);
  }

  private undo(): void {
    this.strokes.pop();
    this.told();
  }

  // Without ink the buttons cannot have the focus: the picture takes it.
  private told(): void {
    if (!this.strokes.length) this.canvas.focus();
    this.changed();
  }
}
