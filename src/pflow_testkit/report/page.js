// Comforts only: without it the page says the same.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const bad = ["failed", "error"];
const form = document.querySelector(".filter");

function fits(outcome, wanted) {
  return !wanted || (wanted === "bad" ? bad.includes(outcome) : outcome === wanted);
}

function filter() {
  const words = document.getElementById("words").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = document.getElementById("outcome").value;
  const says = (text) => words.every((word) => text.toLowerCase().includes(word));
  let shown = 0;
  for (const section of all("section.workflow")) {
    const name = section.dataset.name;
    let left = 0;
    for (const each of all(".case", section)) {
      const text = `${name} ${each.querySelector(".name").textContent}`;
      each.hidden = !(fits(each.dataset.outcome, wanted) && says(text));
      left += !each.hidden;
    }
    section.hidden = !left && (Boolean(wanted) || !says(name));
    shown += left;
    const row = document.querySelector(`[data-section="${section.id}"]`);
    if (row) row.hidden = section.hidden;
  }
  const active = words.length || wanted;
  document.getElementById("found").textContent = active ? `${shown} shown` : "";
}

// A bar says what it is to those who point at it, and to those who walk with the arrow keys.
function walk(figure) {
  const timeline = figure.querySelector(".timeline");
  if (!timeline) return;
  const bars = all(".bar", timeline);
  const told = figure.querySelector(".told");
  let at = -1;
  const tell = (index) => {
    if (bars[at]) bars[at].classList.remove("chosen");
    at = Math.max(0, Math.min(bars.length - 1, index));
    bars[at].classList.add("chosen");
    told.textContent = bars[at].querySelector("title").textContent;
  };
  timeline.addEventListener("click", (event) => {
    if (bars.includes(event.target)) tell(bars.indexOf(event.target));
  });
  timeline.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      tell(at + step);
    }
  });
}

let closed = [];
addEventListener("beforeprint", () => {
  closed = all("details:not([open])");
  closed.forEach((each) => { each.open = true; });
});
addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));

form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
all(".batch").forEach(walk);
filter();
