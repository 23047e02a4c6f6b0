// A picture that a reader brings: chosen as a file, dropped on the place, or pasted.

let used: HTMLElement | null = null; // what is pasted goes where the reader was last

export function whenBrought(
  place: HTMLElement, input: HTMLInputElement, bring: (file: File) => void,
): void {
  const take = (file: File | undefined) => { if (file) bring(file); };
  used ??= place;
  for (const event of ["focusin", "pointerdown"]) {
    place.addEventListener(event, () => { used = place; });
  }
  input.addEventListener("change", () => take(input.files?.[0]));
  place.addEventListener("dragover", event => event.preventDefault());
  place.addEventListener("drop", event => {
    event.preventDefault();
    take(event.dataTransfer?.files[0]);
  });
  document.addEventListener("paste", event => {
    if (used === place) take(event.clipboardData?.files[0]);
  });
}
