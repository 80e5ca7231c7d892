// The page for residents: a block is pointed at, reached by keys or found by its name, and its schools are told. Follows map.js.

const given = JSON.parse(document.getElementById("given").textContent);
const { words, blocks, schools, today, plan, minutes } = given;
const places = blocks.map((_, block) => block);

/** Blocks that are meant by a name: the one so called, or so called but for capitals, or all in whose names it stands. */
function meant(name) {
  const part = name.toLowerCase(), called = places.filter((block) => blocks[block] === name);
  if (!part || called.length) return called;
  const alike = places.filter((block) => blocks[block].toLowerCase() === part);
  return alike.length ? alike : places.filter((block) => blocks[block].toLowerCase().includes(part));
}

const told = document.getElementById("told"), host = document.getElementById("map"), field = document.getElementById("name");
let zones = plan, kept = -1, drag = null;

const shapes = new Shapes(given.outlines, blocks.length);
const map = new ZoneMap(host, shapes, {
  colours: given.colours, marks: given.marks, names: schools, words: words.map,
  look: (block) => ({ fill: zones[block], zone: zones[block], moved: today[block] !== plan[block], locked: false, cut: false, chosen: false }),
});

const say = (form, values) => words[form].replace(/{(\w+)}/g, (_, name) => values[name]);
const called = (school) => schools[school] ?? words.nowhere;

/** Tell about a block; the one that is kept stays when the pointer leaves. */
function tell(block) {
  if (block < 0) return;
  const [was, now] = [today[block], plan[block]];
  const way = (school, date) => minutes[date][block] && say("way", { school: called(school), minutes: minutes[date][block] });
  const lines = was === now ? [say("stays", { school: called(now) }), way(now, 1)]
    : [say("changes", { today: called(was), plan: called(now) }), way(was, 0), way(now, 1)];
  told.replaceChildren(element("strong", {}, say("block", { block: blocks[block] })), lines.filter(Boolean).join(" "));
}

function keep(block) {
  if (block < 0) return;
  kept = block;
  map.focus(block);
  tell(block);
}

host.addEventListener("pointermove", (event) => {
  if (drag && map.view.zoom > 1) {
    map.pan(event.clientX - drag[0], event.clientY - drag[1]);
    drag = [event.clientX, event.clientY, true];
  } else if (event.pointerType === "mouse") {
    const block = map.at(event);
    block >= 0 ? tell(block) : tell(kept);
  }
});
host.addEventListener("pointerdown", (event) => { drag = [event.clientX, event.clientY, false]; });
host.addEventListener("pointerup", (event) => {
  if (!drag?.[2]) keep(map.at(event));
  drag = null;
});
for (const end of ["pointercancel", "pointerleave"]) host.addEventListener(end, () => { drag = null; tell(kept); });
host.addEventListener("focus", () => { if (kept < 0) keep(shapes.whose[0] ?? -1); });
host.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (way && kept >= 0) keep(shapes.next(kept, ...way));
  else if (event.key === "+") map.zoom(1.5);
  else if (event.key === "-") map.zoom(1 / 1.5);
  else if (event.key === "0") map.whole();
  else return;
  event.preventDefault();
});
for (const button of document.querySelectorAll("[data-zoom]"))
  button.addEventListener("click", () => {
    const by = Number(button.dataset.zoom);
    by ? map.zoom(by, kept < 0 ? undefined : shapes.middle.subarray(2 * kept, 2 * kept + 2)) : map.whole();
    host.style.touchAction = map.view.zoom > 1 ? "none" : "auto";
  });
for (const date of document.querySelectorAll("[name=date]"))
  date.addEventListener("change", () => {
    zones = date.value === "plan" ? plan : today;
    map.redraw();
  });
field.addEventListener("input", () => {
  const name = field.value.trim(), part = name.toLowerCase(), list = document.getElementById("found");
  const found = part ? blocks.filter((other) => other.toLowerCase().includes(part)).slice(0, 20) : [];
  list.replaceChildren(...found.map((other) => element("option", { value: other })));
  const [only, ...others] = meant(name);
  if (only !== undefined && !others.length && blocks[only].length === name.length) keep(only);
});
document.querySelector(".find").addEventListener("submit", (event) => {
  event.preventDefault();
  const found = meant(field.value.trim());
  if (found.length === 1) keep(found[0]);
  else told.textContent = say(found.length ? "find_several" : "find_none", { name: field.value, many: found.length });
});
host.dataset.ready = "yes";
