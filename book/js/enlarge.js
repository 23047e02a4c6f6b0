// A figure opens at its natural size, or as wide as the window, in a dialog that scrolls:
// by its button, or by a click or a tap on it. A slider's picture is left alone.

window.addEventListener("DOMContentLoaded", () => {
  const figures = [...document.querySelectorAll(".bd-article .cell_output img")]
    .filter(image => !image.closest(".widget-subarea"));
  if (!figures.length) return;

  const dialog = made("dialog", { className: "semlib-large" });
  const close = made("button", { type: "button", textContent: "Close ✕" });
  const pane = made("div", { tabIndex: 0, role: "region" });
  const large = made("img");
  pane.append(large);
  dialog.append(close, pane);
  document.body.append(dialog);
  dialog.setAttribute("aria-label", "Figure, enlarged");
  pane.setAttribute("aria-label", "The figure; it scrolls");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => event.target === dialog && dialog.close());

  for (const figure of figures) {
    const button = made("button", {
      type: "button", className: "semlib-enlarge", textContent: "⤢ Enlarge",
    });
    button.setAttribute("aria-haspopup", "dialog");
    button.setAttribute("aria-label", `Enlarge the figure: ${figure.alt}`);
    figure.after(button);
    figure.addEventListener("click", () => button.click());
    button.addEventListener("click", () => {
      button.focus(); // where the focus returns to
      Object.assign(large, { src: figure.src, alt: figure.alt });
      large.style.width = `max(${figure.naturalWidth}px, 100%)`;
      dialog.showModal();
      pane.scrollTo(0, 0);
    });
  }
});
