// What the marks of a read text mean: every reading is one button, by key, mouse or
// finger, that opens the list of its differences from the truth.

window.addEventListener("DOMContentLoaded", () => {
  const bubble = made("div", { id: "semlib-differences", popover: "auto", role: "status" });
  document.body.append(bubble);

  function open(reading, touched) {
    const list = made("ul");
    for (const mark of reading.querySelectorAll("mark")) {
      const item = made("li", { textContent: said(mark) });
      if (mark === touched) item.className = "touched";
      list.append(item);
    }
    bubble.replaceChildren(list);
    bubble.showPopover();
    const { left, bottom, top } = (touched || reading).getBoundingClientRect();
    const below = bottom + 6 + bubble.offsetHeight < innerHeight;
    bubble.style.top = `${below ? bottom + 6 : Math.max(0, top - 6 - bubble.offsetHeight)}px`;
    bubble.style.left = `${Math.max(8, Math.min(left, innerWidth - bubble.offsetWidth - 8))}px`;
    list.querySelector(".touched")?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", event => {
    const reading = event.target.closest?.(".semlib-read[role=button]");
    if (reading) open(reading, event.target.closest("mark"));
  });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") bubble.hidePopover();
    if (!event.target.matches?.(".semlib-read[role=button]")) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(event.target);
    }
  });
  document.addEventListener("focusout", () => bubble.hidePopover());

  // readings come with the slider's frames, and those with its widget
  function upgrade() {
    for (const reading of document.querySelectorAll(".semlib-read:not([role]):has(mark)")) {
      const count = reading.querySelectorAll("mark").length;
      reading.tabIndex = 0;
      reading.setAttribute("role", "button");
      reading.setAttribute("aria-description",
        `${count} ${count === 1 ? "difference" : "differences"} from the truth, marked`);
    }
  }
  new MutationObserver(upgrade).observe(document.body, { childList: true, subtree: true });
  upgrade();
});

function said(mark) {
  const title = mark.title.replace(/: \s+$/, ": a space");
  return mark.classList.contains("missing") ? title : `${mark.textContent} – ${title}`;
}
