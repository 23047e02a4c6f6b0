// What became of each letter: read right or not, before the repair and after it.

export type Fate = "right" | "mended" | "broken" | "wrong" | "none";

export interface Letter {
  letter: string;
  fate: Fate; // "none": neither letter nor digit, which are all that counts
}

const counts = (letter: string) => /[\p{L}\p{N}]/u.test(letter);
const same = (letter: string) => letter.toLowerCase();
const letters = (text: string) => [...text].filter(counts).map(same);

export function fates(truth: string, ruined: string, mended: string): Letter[] {
  const had = kept(letters(truth), letters(ruined));
  const has = kept(letters(truth), letters(mended));
  let place = 0;
  return [...truth].map(letter => {
    if (!counts(letter)) return { letter, fate: "none" };
    const before = had.has(place), after = has.has(place++);
    const fate = after ? (before ? "right" : "mended") : before ? "broken" : "wrong";
    return { letter, fate };
  });
}

// Which letters were read right; undefined for what does not count.
export function marks(truth: string, read: string): { letter: string; right?: boolean }[] {
  const has = kept(letters(truth), letters(read));
  let place = 0;
  return [...truth].map(letter =>
    counts(letter) ? { letter, right: has.has(place++) } : { letter });
}

// The paper's accuracy, one minus the normalized edit distance, over letters and digits.
export function accuracy(truth: string, read: string): number {
  const one = letters(truth), two = letters(read);
  const longest = Math.max(one.length, two.length);
  return longest ? 1 - distances(one, two)[one.length][two.length] / longest : 1;
}

// Which of the truth's letters were read right, aligned with the fewest edits.
function kept(truth: string[], read: string[]): Set<number> {
  const table = distances(truth, read), found = new Set<number>();
  let i = truth.length, j = read.length;
  while (i && j) {
    const here = table[i][j];
    if (truth[i - 1] === read[j - 1] && table[i - 1][j - 1] === here) {
      found.add(i - 1);
      i--, j--;
    } else if (table[i - 1][j - 1] + 1 === here) i--, j--;
    else if (table[i - 1][j] + 1 === here) i--;
    else j--;
  }
  return found;
}

// Edit distances between the beginnings of two texts.
function distances(one: string[], two: string[]): number[][] {
  const table = [Array.from({ length: two.length + 1 }, (_, j) => j)];
  one.forEach((letter, i) => {
    const row = [i + 1];
    two.forEach((other, j) => row.push(Math.min(
      table[i][j] + (letter === other ? 0 : 1), table[i][j + 1] + 1, row[j] + 1)));
    table.push(row);
  });
  return table;
}
