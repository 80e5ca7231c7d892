// The zone editor: what is clicked goes to Python as changes, what follows comes back. Follows map.js in the same module.

const SLOW = 8000; // milliseconds without an answer, after which that is said
const PAUSE = 1500; // milliseconds for which what was said stands, before progress is told
const KEYS = "Arrows move between blocks, Enter or Space paints, L locks, P takes the school of a block, Page up and down " +
  "choose a school, Ctrl+Z undoes, Ctrl+Y does again, plus and minus zoom, 0 shows all.";

let views = 0;

class Desk {
  constructor(model, host) {
    this.model = model;
    this.given = model.get("_given");
    this.name = `v${views++}-${Date.now()}`;
    this.turn = 0;
    this.waiting = null;
    this.queue = [];
    this.strokes = 0;
    this.school = 0;
    this.mode = "paint";
    this.past = false;
    this.searching = false;
    this.today = numbers(Int32Array, this.given.today);
    this.cut = new Set();
    this.take(this.given.state, this.given.state.zone, this.given.state.locked);
    this.root = element("div", { class: "sgt-editor", "data-lm-suppress-shortcuts": "true" });
    host.append(this.root);
    this.build();
    this.hear = (message, buffers) => this.heard(message, buffers ?? []);
    model.on("msg:custom", this.hear);
    this.show(this.given.state);
    this.post({ kind: "hello" });
  }

  take(state, zone, locked) {
    this.zone = numbers(Int32Array, zone);
    this.locked = numbers(Uint8Array, locked);
  }

  // ------------------------------------------------------------- what is seen

  build() {
    const { given } = this;
    this.said = element("p", { class: "said", role: "status", "aria-live": "polite" }, "Choose a school, then click or drag over blocks.");
    this.bar = element("progress", { max: 1, value: 0, hidden: true, "aria-label": "How far the search is" });
    this.tools = this.toolbar();
    this.box = element("div", { class: "map", style: `height: min(${given.height}px, 90cqi)` });
    this.here = element("p", { class: "here" }, "No block is chosen.");
    this.table = element("tbody");
    this.rules = element("div", { class: "rules" });
    this.rows = given.schools.map((_, school) => this.schoolRow(school));
    this.burden = element("tbody");
    this.caption = element("span", {}, "The plan as it is now");
    this.root.append(
      this.tools,
      element("div", { class: "line" }, this.said, this.bar),
      element("div", { class: "main" },
        element("div", { class: "left" }, element("p", { class: "caption" }, this.caption), this.box, this.key(), this.here,
          element("p", { class: "note", id: `${this.name}-keys` }, KEYS)),
        element("div", { class: "right" },
          this.panel("Measures", table("measures", ["Measure", "Today", "Opened", "Now"], this.table)),
          this.panel("Rules", this.rules),
          this.panel("Schools, and which to paint with", element("div", { class: "schools", role: "radiogroup",
            "aria-label": "School to paint with" }, ...this.rows.map((row) => row.node))),
          this.panel("Whom it asks to change school",
            table("burden", ["Group", "Pupils", "Change", "Share", "Way today", "Way now"], this.burden), "Ways are mean minutes."))));
    this.shapes = new Shapes(given.outlines, given.blocks.length);
    this.map = new ZoneMap(this.box, this.shapes, {
      colours: given.colours, marks: given.marks, names: given.schools, words: "Map of blocks and their schools",
      look: (block) => this.look(block),
    });
    this.box.setAttribute("aria-describedby", `${this.name}-keys`);
    this.listen();
    this.choose(0, false);
  }

  look(block) {
    const zone = this.past ? this.today[block] : this.zone[block];
    return { fill: zone, zone, moved: this.zone[block] !== this.today[block], locked: this.locked[block] === 1,
      cut: !this.past && this.cut.has(block), chosen: zone === this.school && !this.cut.has(block) };
  }

  toolbar() {
    const button = (words, act, looks = {}) => element("button", { type: "button", onclick: act, ...looks }, words);
    const both = (mode) => () => this.setMode(mode);
    this.buttons = {
      paint: button("Paint", both("paint"), { "aria-pressed": "true" }),
      lock: button("Lock", both("lock"), { "aria-pressed": "false" }),
      undo: button("Undo", () => this.send({ kind: "undo" })),
      redo: button("Redo", () => this.send({ kind: "redo" })),
      improve: button("Improve from here", () => this.improve(), { class: "main-one" }),
      stop: button("Stop", () => this.stop(), { disabled: true }),
      past: button("Compare with today", () => this.compare(!this.past), { "aria-pressed": "false" }),
      closer: button("+", () => this.map.zoom(1.5), { "aria-label": "Zoom in" }),
      wider: button("−", () => this.map.zoom(1 / 1.5), { "aria-label": "Zoom out" }),
      whole: button("All", () => this.map.whole(), { "aria-label": "Show the whole map" }),
    };
    const file = (what, words) => button(words, () => this.model.send({ kind: "download", what, turn: this.next() }));
    this.saving = element("details", { class: "save" }, element("summary", {}, "Save"),
      element("div", {}, file("zip", "Plan (.zip), for load_plan"), file("csv", "Table (.csv)"), file("gpkg", "GeoPackage (.gpkg)"),
        file("geojson", "GeoJSON (.geojson)")));
    const b = this.buttons, group = (...inside) => element("span", { class: "group" }, ...inside);
    return element("div", { class: "bar", role: "toolbar", "aria-label": "Tools of the zone editor" },
      group(b.paint, b.lock), group(b.undo, b.redo), group(b.improve, b.stop), group(b.past), group(b.wider, b.closer, b.whole), this.saving);
  }

  panel(title, ...inside) {
    return element("section", {}, element("h3", {}, title), ...inside.map((one) =>
      typeof one === "string" ? element("p", { class: "note" }, one) : element("div", { class: "wide" }, one)));
  }

  key() {
    const item = (looks, words) => element("li", {}, element("span", { class: `sample ${looks}` }), words);
    return element("ul", { class: "key" }, item("of-moved", "changes school"), item("of-locked", "locked"),
      item("of-cut", "cut off from its zone"), item("of-school", "school"));
  }

  schoolRow(school) {
    const { given } = this, [low, high] = given.rooms[school];
    const radio = element("input", { type: "radio", name: this.name, onchange: () => this.choose(school), "data-school": school });
    const fill = element("i"), count = element("span", { class: "count" }), mark = element("b", { class: "beyond" });
    const most = Math.max(...given.rolls, ...given.rooms.map(([, most]) => most ?? 0)) * 1.15 || 1;
    const limits = [low || null, high].filter((one) => one !== null).map((one) =>
      element("s", { style: `left: ${(100 * one) / most}%` }));
    const meter = element("span", { class: "meter", "aria-hidden": "true" }, fill, ...limits);
    const swatch = element("span", { class: "swatch", style: `background: ${given.colours[school]}`, "aria-hidden": "true" });
    return { node: element("label", { class: "school" }, radio, swatch, element("span", { class: "name" }, given.schools[school]),
      meter, count, mark), radio, fill, count, mark, most, low, high };
  }

  // ------------------------------------------------------------- what is done

  listen() {
    this.box.addEventListener("pointerdown", (event) => this.down(event));
    this.box.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.box.addEventListener(end, () => { this.drag = null; });
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.box.addEventListener("focus", () => { if (this.map.focused < 0) this.focus(this.first()); });
    this.root.addEventListener("keydown", (event) => {
      if (this.undoKey(event)) event.preventDefault();
      event.stopPropagation();
    });
    this.leave = (event) => { if (!this.saving.contains(event.target)) this.saving.open = false; };
    document.addEventListener("pointerdown", this.leave);
  }

  first() { return this.given.marks[0] ? this.shapes.at(this.given.marks[0][1], this.given.marks[0][2]) : this.shapes.whose[0] ?? -1; }

  down(event) {
    if (event.button !== 0) return;
    if (event.shiftKey) this.drag = { pan: [event.clientX, event.clientY] };
    else {
      const block = this.map.at(event);
      if (block < 0) return;
      this.focus(block, false);
      if (event.altKey) return this.pick(block);
      this.drag = { stroke: `${this.name}-${this.strokes++}`, on: !this.locked[block], seen: new Set() };
      this.touch(block);
    }
    this.box.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (this.drag?.pan) {
      this.map.pan(event.clientX - this.drag.pan[0], event.clientY - this.drag.pan[1]);
      this.drag.pan = [event.clientX, event.clientY];
    } else if (this.drag) {
      for (const one of event.getCoalescedEvents?.() ?? [event]) {
        const block = this.map.at(one);
        if (block >= 0 && !this.drag.seen.has(block)) this.touch(block);
      }
    } else {
      const block = this.map.at(event);
      this.box.style.cursor = block < 0 ? "default" : this.mode === "paint" ? "crosshair" : "pointer";
      this.box.title = block < 0 ? "" : `${this.given.blocks[block]}: ${this.schoolOf(block)}`;
    }
  }

  /** Paint or lock one block of a stroke. */
  touch(block) {
    const { stroke, on, seen } = this.drag ?? { stroke: `${this.name}-${this.strokes++}`, on: !this.locked[block], seen: new Set() };
    seen.add(block);
    if (this.past) this.compare(false);
    if (this.searching) return this.say("A search is running: stop it to paint.");
    if (this.mode === "lock") return this.lock(block, on, stroke);
    if (this.locked[block]) return this.say(`${this.given.blocks[block]} is locked.`);
    if (this.zone[block] === this.school) return this.say(`${this.given.blocks[block]} goes to ${this.given.schools[this.school]} already.`);
    this.zone[block] = this.school;
    this.map.redraw();
    this.send({ kind: "paint", pairs: [[block, this.school]], stroke });
  }

  lock(block, on, stroke = `${this.name}-${this.strokes++}`) {
    if (this.searching) return this.say("A search is running: stop it to lock.");
    if (this.locked[block] === Number(on)) return;
    this.locked[block] = Number(on);
    this.map.redraw();
    this.send({ kind: "lock", blocks: [block], on, stroke });
  }

  pressed(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const block = this.map.focused;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) {
      const next = block < 0 ? this.first() : this.shapes.next(block, ...way);
      next < 0 ? this.say("There is no block beyond.") : this.focus(next);
    } else if ((event.key === "Enter" || event.key === " ") && block >= 0) this.touch(block);
    else if (event.key.toLowerCase() === "l" && block >= 0) this.lock(block, !this.locked[block]);
    else if (event.key.toLowerCase() === "p" && block >= 0) this.pick(block);
    else if (event.key === "PageUp" || event.key === "PageDown") {
      const many = this.given.schools.length;
      this.choose((this.school + (event.key === "PageDown" ? 1 : many - 1)) % many);
    } else if (event.key === "+" || event.key === "=") this.map.zoom(1.5);
    else if (event.key === "-") this.map.zoom(1 / 1.5);
    else if (event.key === "0") this.map.whole();
    else return;
    event.preventDefault();
  }

  undoKey(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) return false;
    this.send({ kind: key === "y" || event.shiftKey ? "redo" : "undo" });
    return true;
  }

  pick(block) { this.choose(this.zone[block]); }

  choose(school, aloud = true) {
    this.school = school;
    this.rows[school].radio.checked = true;
    this.map.redraw();
    if (aloud) {
      this.setMode("paint");
      this.rows[school].node.scrollIntoView({ block: "nearest" });
      this.say(`Painting with ${this.given.schools[school]}.`);
    }
  }

  setMode(mode) {
    this.mode = mode;
    for (const one of ["paint", "lock"]) this.buttons[one].setAttribute("aria-pressed", String(one === mode));
    this.say(mode === "lock" ? "Click blocks to lock or unlock them." : `Painting with ${this.given.schools[this.school]}.`);
  }

  compare(past) {
    this.past = past;
    this.buttons.past.setAttribute("aria-pressed", String(past));
    this.caption.textContent = past ? "Today’s zones; hatched: blocks that the plan moves" : "The plan as it is now";
    this.say(past ? "The map shows today’s zones." : "The map shows the plan.");
    this.map.redraw();
  }

  improve() {
    this.setSearching(true);
    this.bar.value = 0;
    this.say("Searching from here; blocks that are locked stay.");
    this.model.send({ kind: "improve", turn: this.next() });
  }

  stop() {
    this.model.send({ kind: "stop", turn: this.next() });
    this.say("Stopping.");
  }

  setSearching(on) {
    this.searching = on;
    this.bar.hidden = !on;
    this.root.classList.toggle("searching", on);
    this.refresh();
    clearInterval(this.asks);
    this.asked = false;
    if (on) this.asks = setInterval(() => this.how(), 200);
  }

  /** Ask how far the search is, unless that is still to be answered. */
  how() {
    if (this.asked) return;
    this.asked = true;
    this.model.send({ kind: "how", turn: this.next() });
  }

  focus(block, aloud = true) {
    if (block < 0) return;
    this.map.focus(block);
    this.tell(block);
    if (aloud) this.say(this.describe(block));
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.model.send({ kind: "ask", block, turn: this.next() }), 120);
  }

  schoolOf(block) {
    const { schools } = this.given, now = schools[this.zone[block]], was = schools[this.today[block]] ?? "a school that closes";
    return now === was ? now : `${now}, today ${was}`;
  }

  describe(block) {
    const notes = [this.locked[block] && "locked", this.cut.has(block) && "cut off from its zone"].filter(Boolean);
    return [`${this.given.blocks[block]}: ${this.schoolOf(block)}`, ...notes].join(", ");
  }

  tell(block, more = null) {
    this.here.replaceChildren(element("strong", {}, this.given.blocks[block]), ` ${this.describe(block).slice(this.given.blocks[block].length + 1)}. `);
    if (!more) return;
    const { groups, schools } = this.given, way = (school) => `${more.minutes[school]} min to ${schools[school]}`;
    const ways = [...new Set([this.zone[block], this.today[block], this.school].filter((one) => one >= 0))];
    this.here.append(`Pupils: ${groups.map((group, at) => `${more.pupils[at]} ${group}`).join(", ")}. ${ways.map(way).join(", ")}.`);
  }

  say(text) {
    this.said.textContent = text;
    this.spoke = performance.now();
  }

  // ------------------------------------------------------------- to and from Python

  next() { return `${this.name}:${++this.turn}`; }

  /** Send a change; while one is on its way, others wait, and those of one stroke go together. */
  send(message) {
    if (this.searching) return this.say("A search is running: stop it first.");
    const last = this.queue.at(-1);
    if (this.waiting && last?.kind === message.kind && last.stroke && last.stroke === message.stroke && last.on === message.on) {
      last.pairs?.push(...message.pairs);
      last.blocks?.push(...message.blocks);
    } else this.queue.push(message);
    if (!this.waiting) this.post(this.queue.shift());
  }

  post(message) {
    this.waiting = this.next();
    this.root.setAttribute("aria-busy", "true");
    this.began = performance.now();
    this.model.send({ ...message, turn: this.waiting });
    clearTimeout(this.slow);
    this.slow = setTimeout(() => this.say("No answer from Python: is the kernel running?"), SLOW);
  }

  heard(message, buffers) {
    const mine = message.turn && message.turn === this.waiting;
    if (mine) {
      clearTimeout(this.slow);
      this.waiting = null;
      this.root.dataset.took = Math.round(performance.now() - this.began);
    }
    const extra = Object.fromEntries((message.buffers ?? []).map((name, at) => [name, buffers[at]]));
    this[`hear_${message.kind}`]?.({ ...message, ...extra }, buffers);
    if (mine && this.queue.length) this.post(this.queue.shift());
    if (!this.waiting) {
      this.root.removeAttribute("aria-busy");
      this.root.dataset.turn = this.turn;
    }
  }

  hear_state(message) {
    this.take(message, message.zone, message.locked);
    this.setSearching(message.searching);
    this.show(message);
    this.map.redraw();
  }

  hear_changed(message) {
    for (const [block, school, locked] of message.blocks) [this.zone[block], this.locked[block]] = [school, locked];
    for (const { pairs, blocks, on } of this.queue) {
      for (const [block, school] of pairs ?? []) if (!this.locked[block]) this.zone[block] = school;
      for (const block of blocks ?? []) this.locked[block] = Number(on);
    }
    this.setSearching(message.searching);
    this.show(message);
    this.map.redraw();
    this.say(this.happened(message));
    if (this.map.focused >= 0) this.tell(this.map.focused);
  }

  happened(message) {
    const { blocks: labels, schools } = this.given, goal = message.values.goal, changed = message.blocks;
    const broken = message.cut.length ? ` ${message.cut.map(([school]) => schools[school]).join(", ")} in pieces.` : "";
    if (message.searched) return `The search moved ${changed.length} blocks: goal ${goal}, ${message.searched} before.${broken}`;
    if (!changed.length) return `Nothing changed: goal ${goal}.`;
    const [block] = changed[0], what = changed.length > 1 ? `${changed.length} blocks` : this.describe(block);
    return `${what}. Goal ${goal}.${broken}`;
  }

  hear_progress(message) {
    if (!this.searching) this.setSearching(true);
    this.asked = false;
    this.bar.value = message.done;
    if (performance.now() - this.spoke < PAUSE) return; // what is said can be read, and be read aloud
    this.say(message.lowest === "–" ? "Searching: none yet that keeps to all rules." : `Searching: goal ${message.lowest} so far.`);
  }

  hear_refused(message) {
    this.queue = [];
    this.setSearching(false);
    this.post({ kind: "hello" });
    this.say(message.text);
  }

  hear_about(message) { if (message.block === this.map.focused) this.tell(message.block, message); }

  hear_file(message, buffers) {
    if (!message.turn?.startsWith(`${this.name}:`)) return;
    const link = element("a", { download: message.name, href: URL.createObjectURL(new Blob([buffers[0]], { type: message.type })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    this.say(`Saved as ${message.name}, where the browser keeps downloads.`);
  }

  // ------------------------------------------------------------- numbers

  show(state) {
    this.state = state;
    this.cut = new Set(state.cut.flatMap(([, blocks]) => blocks));
    this.table.replaceChildren(...this.given.measures.map((row) => {
      const now = state.values[row.name], cell = (text, looks = {}) => element("td", looks, text);
      return element("tr", { title: row.read }, element("th", { scope: "row" }, row.called), cell(row.today), cell(row.opened),
        cell(now, { class: "now", "data-measure": row.name }));
    }));
    this.burden.replaceChildren(...state.burden.map(([moved, share, minutes], at) => element("tr", {},
      element("th", { scope: "row" }, this.given.groups[at]),
      ...[this.given.burden[at][0], moved, share, this.given.burden[at][1], minutes].map((text) => element("td", {}, text)))));
    this.rows.forEach((row, school) => this.showRoll(row, state.rolls[school]));
    this.showRules(state);
    this.refresh();
  }

  showRoll(row, roll) {
    const { low, high } = row, limit = high === null ? (low ? `at least ${plain(low)}` : "") : low ? `${plain(low)}–${plain(high)}` : `at most ${plain(high)}`;
    row.fill.style.width = `${Math.min(100, (100 * roll) / row.most)}%`;
    row.count.textContent = limit ? `${plain(roll)} of ${limit}` : plain(roll);
    const over = high !== null && roll > high + 1e-6 ? roll - high : 0, under = roll < low - 1e-6 ? low - roll : 0;
    row.mark.textContent = over ? `▲ ${plain(Math.ceil(over))} too many` : under ? `▼ ${plain(Math.ceil(under))} too few` : "";
    row.node.classList.toggle("is-beyond", Boolean(over || under));
  }

  showRules(state) {
    const { blocks: labels, schools } = this.given, most = 6;
    const pieces = state.cut.map(([school, blocks]) => element("p", { class: "broken", "data-zone": school },
      element("strong", {}, `⚠ Zone ${schools[school]} is in pieces. `),
      `${blocks.length} ${blocks.length === 1 ? "block is" : "blocks are"} cut off: ${blocks.slice(0, most).map((one) => labels[one]).join(", ")}${blocks.length > most ? " … " : ". "}`,
      element("button", { type: "button", onclick: () => { this.box.focus(); this.focus(blocks[0]); } }, "Show")));
    const others = state.broken.map(([rule, where, amount]) => element("li", {}, `${rule}: ${where}${amount ? `, ${amount}` : ""}`));
    const rest = state.breaks - state.broken.length;
    if (rest > 0) others.push(element("li", {}, `and ${rest} more`));
    const list = others.length ? [element("p", {}, "Rules that are broken:"), element("ul", {}, ...others)] : pieces.length ? [] : [element("p", { class: "kept" }, "✓ All rules are kept.")];
    this.rules.replaceChildren(...pieces, ...list);
  }

  refresh() {
    const { buttons, state, searching } = this;
    buttons.undo.disabled = searching || !state.undo;
    buttons.redo.disabled = searching || !state.redo;
    buttons.improve.disabled = searching;
    buttons.stop.disabled = !searching;
  }

  end() {
    this.model.off("msg:custom", this.hear);
    document.removeEventListener("pointerdown", this.leave);
    clearTimeout(this.slow);
    clearTimeout(this.asking);
    clearInterval(this.asks);
    this.map.stop();
  }
}

function table(kind, header, body) {
  return element("table", { class: kind }, element("thead", {}, element("tr", {}, ...header.map((text) => element("th", { scope: "col" }, text)))), body);
}

function plain(count) { return Math.round(count).toLocaleString("en").replaceAll(",", "\u202f"); }

function render({ model, el }) {
  const desk = new Desk(model, el);
  return () => desk.end();
}

export default { render };
