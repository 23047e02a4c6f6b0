// Questions that answer on the page: a number or a letter, and what is said of it. What
// is right and what is said was computed when the chapter ran (semlib.check).

window.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".semlib-quiz").forEach((place, number) => {
    place.append(quiz(JSON.parse(place.dataset.quiz), `quiz-${number}`));
  });
});

function quiz(asked, name) {
  const form = made("form", { noValidate: true });
  const said = made("p", { className: "semlib-said", role: "status" });
  if (asked.letters) {
    const choice = made("fieldset");
    choice.append(made("legend", { textContent: "Your answer" }));
    for (const letter of asked.letters) {
      const label = made("label", { textContent: letter });
      label.prepend(made("input", { type: "radio", name, value: letter }));
      choice.append(label);
    }
    form.append(choice);
  } else {
    const label = made("label", { textContent: "Your answer" });
    label.append(made("input", {
      type: "text", name, inputMode: "decimal", autocomplete: "off",
    }));
    form.append(label);
  }
  form.append(made("button", { type: "submit", textContent: "Check" }), said);
  form.setAttribute("aria-label", asked.name);
  form.addEventListener("submit", event => {
    event.preventDefault();
    const [kind, sign, words] = judged(asked, new FormData(form).get(name) || "");
    said.dataset.kind = kind;
    said.replaceChildren(made("strong", { textContent: sign }), ` ${words}`);
  });
  return form;
}

// The same three outcomes as in the notebook.
function judged(asked, text) {
  const given = asked.letters ? text : number(text);
  if (text.trim() === "") return ["not-yet", "○ Not attempted yet.", ""];
  const same = right => asked.letters ? given === right
    : Math.abs(given - right) <= 1e-9 + asked.tolerance * Math.abs(right);
  if (same(asked.right)) return ["right", "✓ Right.", words(asked.why)];
  const known = asked.mistakes.find(([wrong]) => same(wrong));
  const otherwise = Number.isNaN(given) ? "A number is asked for."
    : given < asked.right ? "It is too small." : "It is too large.";
  return ["wrong", "✗ Not right.", known ? words(known[1]) : otherwise];
}

// «1,234.5», «15,67» and «50 %» are numbers, too.
function number(text) {
  const bare = text.replace(/[\s%]/g, "").replace("−", "-");
  const thousands = /^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(bare);
  return bare ? Number(thousands ? bare.replaceAll(",", "") : bare.replace(",", ".")) : NaN;
}

// What is Markdown or a formula in a notebook is said in plain words here.
function words(text) {
  return text.replace(/\$([^$]*)\$/g, (_, formula) => formula
    .replaceAll("\\lambda", "λ").replaceAll("\\log", "log").replaceAll("\\", ""))
    .replace(/[`*]/g, "");
}

function made(kind, properties = {}) {
  const element = Object.assign(document.createElement(kind), properties);
  if (properties.role) element.setAttribute("role", properties.role);
  return element;
}
