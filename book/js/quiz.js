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
  const given = asked.letters ? [text] : readings(text);
  if (text.trim() === "") return ["not-yet", "○ Not attempted yet.", ""];
  const same = right => given.some(one => asked.letters ? one === right
    : Math.abs(one - right) <= 1e-9 + asked.tolerance * Math.abs(right));
  if (same(asked.right)) return ["right", "✓ Right.", words(asked.why)];
  const known = asked.mistakes.find(([wrong]) => same(wrong));
  const otherwise = given.every(Number.isNaN) ? "A number is asked for."
    : given[0] < asked.right ? "It is too small." : "It is too large.";
  return ["wrong", "✗ Not right.", known ? words(known[1]) : otherwise];
}

// The numbers that somebody may mean: a comma stands before decimals or between thousands.
function readings(text) {
  const bare = text.replace(/[\s%]/g, "").replace("−", "-") || "none";
  return [bare.replace(",", "."), bare.replaceAll(",", "")].map(Number)
    .filter((one, at, all) => !Number.isNaN(one) || all.every(Number.isNaN));
}

// What is Markdown or a formula in a notebook is said in plain words here.
function words(text) {
  return text.replace(/\$([^$]*)\$/g, (_, formula) => formula
    .replaceAll("\\lambda", "λ").replaceAll("\\log", "log").replaceAll("\\", ""))
    .replace(/[`*]/g, "");
}
