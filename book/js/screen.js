// A figure or a slider on the whole screen, for a class: a button at each, and Page Up
// and Page Down from one to the next.

window.addEventListener("load", () => {
  if (!document.fullscreenEnabled) return;
  const shown = [...document.querySelectorAll(".cell_output")].filter((output) =>
    output.querySelector('img, script[type$="widget-view+json"]')
  );
  for (const output of shown) output.prepend(button(output));

  document.addEventListener("keydown", (event) => {
    const step = { PageDown: 1, PageUp: -1 }[event.key];
    const at = shown.indexOf(document.fullscreenElement);
    if (!step || at < 0) return;
    event.preventDefault();
    shown[at + step]?.requestFullscreen();
  });
});

function button(output) {
  const toggle = made("button", { className: "semlib-screen", type: "button" });
  const full = () => document.fullscreenElement === output;
  const name = () => (toggle.textContent = full() ? "Leave full screen" : "Full screen");
  toggle.addEventListener("click", () =>
    full() ? document.exitFullscreen() : output.requestFullscreen()
  );
  document.addEventListener("fullscreenchange", name);
  name();
  return toggle;
}
