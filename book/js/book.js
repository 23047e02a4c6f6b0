// Runs before the page's widgets and formulas.

// The theme's icons must not be redrawn inside widgets, and each is drawn at once, not
// read now and drawn with the next frame: what changes them below comes before or after.
window.FontAwesomeConfig = { observeMutations: false, mutateApproach: "sync" };

// The widgets call MathJax 2, the page has MathJax 3. No widget holds a formula.
window.addEventListener("DOMContentLoaded", () => {
  if (window.MathJax && !window.MathJax.Hub) window.MathJax.Hub = { Queue() {} };
});

// What the theme's buttons are called is what stands on them; a list has items.
window.addEventListener("DOMContentLoaded", () => {
  for (const named of document.querySelectorAll(
    ".search-button-field, summary[aria-label='Toggle hidden content']")) {
    named.removeAttribute("aria-label");
  }
  for (const entry of document.querySelectorAll(".citation")) {
    set(entry, "role", "listitem"); // of a list, to which docutils gives another role
  }
  for (const icon of document.querySelectorAll(".theme-switch")) {
    icon.removeAttribute("title");
    icon.querySelector("title")?.remove(); // what the drawn icon has of it
    set(icon, "aria-hidden", "true");
  }
});

// Code that unfolds may be wider than its place: the theme then looks again what scrolls.
document.addEventListener("toggle", () => dispatchEvent(new Event("resize")), true);

// Names for assistive technology, which the widgets leave out: what the slider
// is called, its value in words, and that the picture's text changes with it.
new MutationObserver(() => {
  for (const slider of document.querySelectorAll(".semlib-slider")) {
    const handle = slider.querySelector("[role=slider]");
    const readout = slider.querySelector(".widget-readout");
    const label = slider.querySelector(".widget-hslider .widget-label");
    const frames = slider.querySelector(".semlib-frames");
    if (!handle || !readout || !frames) continue;
    set(handle, "aria-label", label.textContent);
    set(handle, "aria-valuetext", readout.textContent);
    set(frames, "aria-live", "polite");
    set(readout, "contenteditable", "false");
    // what stands below stays where the tallest position has put it
    const tallest = Math.max(frames.offsetHeight, parseFloat(frames.style.minHeight) || 0);
    frames.style.minHeight = `${tallest}px`;
  }
}).observe(document, { childList: true, subtree: true, characterData: true });

addEventListener("resize", () => {
  for (const frames of document.querySelectorAll(".semlib-frames")) frames.style.minHeight = "";
});

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
