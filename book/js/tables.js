// Tables: headers say what they head, an interval may stand below its mean, and a table
// that is wider than its place says so and can be scrolled by key.

window.addEventListener("DOMContentLoaded", () => {
  let heading = "", count = 0;
  for (const element of document.querySelectorAll(
    ".bd-article :is(h1, h2, h3, table)")) {
    if (element.tagName !== "TABLE") {
      heading = element.firstChild.textContent;
      count = 0;
    } else if (!element.closest(".widget-subarea")) {
      count += 1;
      dressed(element, `Table: ${heading}${count > 1 ? ` (${count})` : ""}`);
    }
  }
});

function dressed(table, name) {
  for (const th of table.querySelectorAll("th")) {
    if (th.textContent.trim() === "") th.replaceWith(made("td", { className: th.className }));
  }
  for (const th of table.querySelectorAll("th:not([scope])")) {
    th.scope = th.closest("thead") ? "col" : "row";
  }
  for (const td of table.querySelectorAll("td:not(:has(*))")) {
    const [, mean, ends] = td.textContent.trim().match(/^(\S+) (\[[^\]]+\]\S*)$/) || [];
    if (ends) td.replaceChildren(mean, " ", made("span", { textContent: ends }));
    else if (/\p{L}.* /u.test(td.textContent)) td.className += " semlib-words";
  }

  const place = made("div", { className: "semlib-table" });
  const scroll = made("div", { className: "semlib-scroll" });
  const hint = made("p", { className: "semlib-hint", textContent: "scroll →" });
  hint.setAttribute("aria-hidden", "true");
  table.replaceWith(place);
  scroll.append(table);
  place.append(hint, scroll);
  new ResizeObserver(() => {
    const cut = scroll.scrollWidth > scroll.clientWidth + 1;
    const named = { role: "region", tabindex: "0", "aria-label": name };
    for (const [name, value] of Object.entries(named)) {
      if (cut) scroll.setAttribute(name, value);
      else scroll.removeAttribute(name);
    }
    hint.hidden = !cut;
  }).observe(scroll);
}
