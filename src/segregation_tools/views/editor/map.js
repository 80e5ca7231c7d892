// The map of blocks: outlines in whole numbers, drawn as SVG or, where there are many, on a canvas. Knows no messages.

const MANY = 5000; // blocks up to which the map is SVG
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 900; // pixels of the map for which names of schools were placed

/** Numbers from bytes, whether these come as a view or in base 64. */
function numbers(kind, bytes) {
  if (typeof bytes === "string") bytes = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const from = bytes.byteOffset ?? 0;
  return new kind((bytes.buffer ?? bytes).slice(from, from + bytes.byteLength));
}

function element(tag, looks = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(looks)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

function drawn(tag, looks = {}) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(looks)) made.setAttribute(name, value);
  return made;
}

/** Outlines as they were packed: rings of corners, the block of each, and who lies on the other side of each line. */
class Shapes {
  constructor(packed, blocks) {
    this.xy = numbers(Int16Array, packed.xy);
    this.ends = numbers(Uint32Array, packed.ends);
    this.whose = numbers(Int32Array, packed.blocks);
    this.beside = numbers(Int32Array, packed.beside);
    [this.width, this.height] = packed.size;
    this.rings = Array.from({ length: blocks }, () => []);
    this.whose.forEach((block, ring) => this.rings[block].push(ring));
    this.box = new Int16Array(4 * blocks).fill(-1);
    this.middle = new Float64Array(2 * blocks).fill(NaN);
    for (let block = 0; block < blocks; block++) this.measure(block);
    this.sort(blocks);
  }

  *corners(block) {
    for (const ring of this.rings[block]) {
      const first = ring ? this.ends[ring - 1] : 0;
      for (let at = first; at < this.ends[ring]; at++) yield [at, at + 1 < this.ends[ring] ? at + 1 : first];
    }
  }

  measure(block) {
    if (!this.rings[block].length) return;
    let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [at] of this.corners(block)) {
      const x = this.xy[2 * at], y = this.xy[2 * at + 1];
      west = Math.min(west, x); east = Math.max(east, x); north = Math.min(north, y); south = Math.max(south, y);
    }
    this.box.set([west, north, east, south], 4 * block);
    this.middle.set([(west + east) / 2, (north + south) / 2], 2 * block);
  }

  /** Put blocks into the cells of a lattice, to be found by a place. */
  sort(blocks) {
    this.cells = Math.max(1, Math.round(Math.sqrt(blocks)));
    this.step = Math.max(this.width, this.height) / this.cells;
    this.lattice = Array.from({ length: (this.cells + 1) ** 2 }, () => []);
    for (let block = 0; block < blocks; block++) {
      if (!this.rings[block].length) continue;
      const [west, north, east, south] = this.box.subarray(4 * block, 4 * block + 4);
      for (let row = Math.floor(north / this.step); row <= south / this.step; row++)
        for (let col = Math.floor(west / this.step); col <= east / this.step; col++)
          this.lattice[row * (this.cells + 1) + col]?.push(block);
    }
  }

  /** The block at a place; -1 where there is none. */
  at(x, y) {
    const here = this.lattice[Math.floor(y / this.step) * (this.cells + 1) + Math.floor(x / this.step)] ?? [];
    return here.find((block) => this.holds(block, x, y)) ?? -1;
  }

  holds(block, x, y) {
    let inside = false;
    for (const [a, b] of this.corners(block)) {
      const [ax, ay, bx, by] = [this.xy[2 * a], this.xy[2 * a + 1], this.xy[2 * b], this.xy[2 * b + 1]];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside;
  }

  neighbours(block) {
    const found = new Set();
    for (const [at] of this.corners(block)) if (this.beside[at] >= 0) found.add(this.beside[at]);
    return found;
  }

  /** The next block in a direction: a neighbour, else the nearest that lies there; -1 at the edge. */
  next(block, dx, dy) {
    const [x, y] = this.middle.subarray(2 * block, 2 * block + 2);
    let best = -1, least = Infinity;
    const look = (other, wide) => {
      const east = this.middle[2 * other] - x, south = this.middle[2 * other + 1] - y;
      const ahead = east * dx + south * dy, aside = Math.abs(east * dy) + Math.abs(south * dx);
      if (other === block || !(ahead > 0) || aside > wide * ahead) return;
      const far = ahead + 2 * aside;
      if (far < least) [best, least] = [other, far];
    };
    for (const other of this.neighbours(block)) look(other, 2);
    if (best < 0) for (let other = 0; other < this.rings.length; other++) look(other, 1);
    return best;
  }

  /** Draw the outlines of blocks into what has moveTo and lineTo. */
  trace(into, blocks) {
    for (const block of blocks)
      for (const ring of this.rings[block]) {
        const first = ring ? this.ends[ring - 1] : 0;
        into.moveTo(this.xy[2 * first], this.xy[2 * first + 1]);
        for (let at = first + 1; at < this.ends[ring]; at++) into.lineTo(this.xy[2 * at], this.xy[2 * at + 1]);
        into.closePath();
      }
  }

  /** Draw the lines between two blocks, -1 at the edge, that are not alike: each once. */
  borders(into, alike) {
    for (let ring = 0; ring < this.ends.length; ring++) {
      const first = ring ? this.ends[ring - 1] : 0, last = this.ends[ring], block = this.whose[ring];
      for (let at = first; at < last; at++) {
        const other = this.beside[at];
        if (other > block || alike(block, other)) continue;
        const next = at + 1 < last ? at + 1 : first;
        into.moveTo(this.xy[2 * at], this.xy[2 * at + 1]);
        into.lineTo(this.xy[2 * next], this.xy[2 * next + 1]);
      }
    }
  }
}

/** Writes what is traced as the path of an SVG. */
class Pen {
  constructor() { this.parts = []; }
  moveTo(x, y) { this.parts.push("M", x, " ", y); }
  lineTo(x, y) { this.parts.push("L", x, " ", y); }
  closePath() { this.parts.push("Z"); }
  toString() { return this.parts.join(""); }
}

/**
 * A map on which every block has the colour of its school.
 * `look(block)` gives {fill: number of a colour or -1, zone, moved, locked, cut, chosen}; `marks` are schools: [school, x, y, side of the name].
 */
class ZoneMap {
  constructor(host, shapes, { colours, marks, names, look, words }) {
    Object.assign(this, { host, shapes, colours, marks, names, look });
    this.view = { x: 0, y: 0, zoom: 1 };
    this.focused = -1;
    this.drawing = 0;
    this.inner = shapes.rings.length <= MANY ? new Drawn(this) : new Painted(this);
    host.append(this.inner.node);
    host.setAttribute("role", "application");
    host.setAttribute("aria-roledescription", "map");
    host.setAttribute("aria-label", words);
    host.tabIndex = 0;
    this.watch = new ResizeObserver(() => this.redraw());
    this.watch.observe(host);
    host.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, this.place(event));
    }, { passive: false });
    this.redraw();
  }

  /** Steps of the map for one pixel of the screen. */
  get grain() {
    const box = this.host.getBoundingClientRect();
    return Math.max(this.shapes.width / (box.width || 1), this.shapes.height / (box.height || 1)) / this.view.zoom;
  }

  /** What part of the map is seen: left, top, width, height. */
  get window() {
    const box = this.host.getBoundingClientRect(), grain = this.grain;
    const wide = box.width * grain, high = box.height * grain;
    const keep = (at, seen, all) => (seen >= all ? (all - seen) / 2 : Math.min(Math.max(at, 0), all - seen));
    return [keep(this.view.x, wide, this.shapes.width), keep(this.view.y, high, this.shapes.height), wide, high];
  }

  place(event) {
    const box = this.host.getBoundingClientRect(), [x, y] = this.window, grain = this.grain;
    return [x + (event.clientX - box.left) * grain, y + (event.clientY - box.top) * grain];
  }

  at(event) { return this.shapes.at(...this.place(event)); }

  zoom(by, about) {
    const [x, y, wide, high] = this.window;
    const [px, py] = about ?? [x + wide / 2, y + high / 2];
    const zoom = Math.min(Math.max(this.view.zoom * by, 1), 40), part = this.view.zoom / zoom;
    this.view = { x: px - (px - x) * part, y: py - (py - y) * part, zoom };
    this.redraw();
  }

  whole() {
    this.view = { x: 0, y: 0, zoom: 1 };
    this.redraw();
  }

  pan(dx, dy) {
    const [x, y] = this.window, grain = this.grain;
    this.view = { ...this.view, x: x - dx * grain, y: y - dy * grain };
    this.redraw();
  }

  /** Put the ring of focus on a block, and bring it into sight. */
  focus(block) {
    this.focused = block;
    if (block >= 0 && this.view.zoom > 1) {
      const [x, y, wide, high] = this.window, [cx, cy] = this.shapes.middle.subarray(2 * block, 2 * block + 2);
      const near = (at, from, seen) => (at < from + 0.1 * seen || at > from + 0.9 * seen ? at - seen / 2 : from);
      this.view = { ...this.view, x: near(cx, x, wide), y: near(cy, y, high) };
    }
    this.redraw();
  }

  /** Draw again, once before the next picture is shown. */
  redraw() {
    if (!this.drawing)
      this.drawing = requestAnimationFrame(() => {
        this.drawing = 0;
        if (this.host.getBoundingClientRect().width) this.inner.draw();
      });
  }

  lists() {
    const found = { moved: [], locked: [], cut: [], chosen: [] };
    for (let block = 0; block < this.shapes.rings.length; block++) {
      const look = this.look(block);
      for (const name in found) if (look[name]) found[name].push(block);
    }
    return found;
  }

  /** Whether two blocks are of one zone. */
  zones() {
    const zones = this.shapes.rings.map((_, block) => this.look(block).zone);
    return (one, other) => zones[one] === zones[other];
  }

  /** Whether of two blocks both are among some, or none. */
  among(blocks) {
    const some = new Set(blocks);
    return (one, other) => some.has(one) === some.has(other);
  }

  /** Names of schools that have room at this zoom: beside their dots, clear of other names and dots. */
  written() {
    const grain = this.grain, size = Math.min(Math.max((22 * this.shapes.width) / WIDE / grain, 12), 20) * grain, gap = 8 * grain;
    const taken = this.marks.map(([, x, y]) => [x - gap / 2, y - gap / 2, x + gap / 2, y + gap / 2]);
    return this.marks.flatMap(([school, x, y, side]) => {
      const text = this.names[school], wide = 0.6 * size * text.length;
      const [anchor, left, base] = { right: ["start", x + gap, y + 0.35 * size], left: ["end", x - gap - wide, y + 0.35 * size],
        above: ["middle", x - wide / 2, y - gap], below: ["middle", x - wide / 2, y + gap + 0.75 * size] }[side];
      const box = [left, base - 0.75 * size, left + wide, base];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return [];
      taken.push(box);
      return [{ text, size, anchor, x: anchor === "start" ? left : anchor === "end" ? left + wide : x, y: base }];
    });
  }

  stop() { this.watch.disconnect(); }
}

/** The map as SVG: one path a block; hatching, borders and the ring of focus above them. */
class Drawn {
  constructor(map) {
    this.map = map;
    this.id = `z${Math.random().toString(36).slice(2)}`;
    this.node = drawn("svg", { "aria-hidden": "true", focusable: "false" });
    this.node.innerHTML = `<defs>${hatch(this.id)}</defs>`;
    this.blocks = map.shapes.rings.map((_, block) => {
      const pen = new Pen();
      map.shapes.trace(pen, [block]);
      const path = drawn("path", { d: pen, "data-block": block, class: "block", "fill-rule": "evenodd" });
      this.node.append(path);
      return path;
    });
    const layer = (name, looks) => this.node.appendChild(drawn("path", { class: name, "fill-rule": "evenodd", ...looks }));
    this.layers = {
      moved: layer("moved", { fill: `url(#${this.id}-moved)` }),
      locked: layer("locked", { fill: `url(#${this.id}-locked)` }),
      borders: layer("borders"),
      chosen: layer("chosen"),
      cut: layer("cut"),
      ring: layer("ring-under"),
      over: layer("ring"),
    };
    this.marks = this.node.appendChild(drawn("g", { class: "marks" }));
  }

  draw() {
    const { map } = this, [x, y, wide, high] = map.window, grain = map.grain;
    this.node.setAttribute("viewBox", `${x} ${y} ${wide} ${high}`);
    for (const kind of ["moved", "locked"])
      this.node.querySelector(`#${this.id}-${kind}`).setAttribute(
        "patternTransform", `scale(${grain})${kind === "moved" ? " rotate(45)" : ""}`);
    this.blocks.forEach((path, block) => {
      const fill = map.look(block).fill;
      if (path.fillNow !== fill) path.style.fill = (path.fillNow = fill) < 0 ? "var(--nobody)" : map.colours[fill];
    });
    const found = map.lists();
    for (const name of ["moved", "locked"]) this.write(name, (pen) => map.shapes.trace(pen, found[name]));
    for (const name of ["chosen", "cut"]) this.write(name, (pen) => map.shapes.borders(pen, map.among(found[name])));
    this.write("borders", (pen) => map.shapes.borders(pen, map.zones()));
    for (const name of ["ring", "over"])
      this.write(name, (pen) => map.focused >= 0 && map.shapes.trace(pen, [map.focused]));
    this.mark(grain);
  }

  write(layer, trace) {
    const pen = new Pen();
    trace(pen);
    this.layers[layer].setAttribute("d", pen);
  }

  mark(grain) {
    const dots = this.map.marks.map(([, x, y]) => drawn("circle", { cx: x, cy: y, r: 4.5 * grain, "stroke-width": 1.5 * grain }));
    const names = this.map.written().map(({ text, x, y, size, anchor }) => {
      const name = drawn("text", { x, y, "font-size": size, "stroke-width": 3 * grain, "text-anchor": anchor });
      name.textContent = text;
      return name;
    });
    this.marks.replaceChildren(...dots, ...names);
  }
}

function hatch(id) {
  return `<pattern id="${id}-moved" width="7" height="7" patternUnits="userSpaceOnUse"><rect width="1.6" height="7" class="hatch"/></pattern>
    <pattern id="${id}-locked" width="7" height="7" patternUnits="userSpaceOnUse"><circle cx="3.5" cy="3.5" r="1.7" class="hatch"/></pattern>`;
}

/** The map on a canvas, for many blocks. */
class Painted {
  constructor(map) {
    this.map = map;
    this.node = element("canvas", { "aria-hidden": "true" });
  }

  draw() {
    const { map } = this, { shapes } = map, box = map.host.getBoundingClientRect(), dense = window.devicePixelRatio || 1;
    const size = [Math.round(box.width * dense), Math.round(box.height * dense)];
    if (this.node.width !== size[0] || this.node.height !== size[1]) [this.node.width, this.node.height] = size;
    const style = getComputedStyle(map.host), ink = style.getPropertyValue("--mark").trim() || "#1c1c1c";
    const pen = this.node.getContext("2d"), grain = map.grain, [x, y] = map.window, scale = dense / grain;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, ...size);
    pen.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
    const byFill = new Map();
    for (let block = 0; block < shapes.rings.length; block++) {
      const { fill } = map.look(block);
      byFill.has(fill) ? byFill.get(fill).push(block) : byFill.set(fill, [block]);
    }
    for (const [fill, blocks] of byFill) {
      const colour = fill < 0 ? style.getPropertyValue("--nobody").trim() : map.colours[fill];
      this.path(blocks, (path) => {
        Object.assign(pen, { fillStyle: colour, strokeStyle: colour, lineWidth: 0.5 * grain });
        pen.fill(path, "evenodd");
        pen.stroke(path);
      });
    }
    const found = map.lists();
    for (const kind of ["moved", "locked"])
      this.path(found[kind], (path) => {
        pen.fillStyle = this.pattern(pen, kind, ink, dense, scale, x, y);
        pen.fill(path, "evenodd");
      });
    const line = (trace, colour, width, dash = []) => {
      pen.beginPath();
      trace(pen);
      Object.assign(pen, { strokeStyle: colour, lineWidth: width * grain });
      pen.setLineDash(dash.map((part) => part * grain));
      pen.stroke();
      pen.setLineDash([]);
    };
    if (Math.sqrt((shapes.width * shapes.height) / shapes.rings.length) > 8 * grain)
      line((path) => shapes.borders(path, () => false), "rgb(28 28 28 / 18%)", 1);
    line((path) => shapes.borders(path, map.zones()), ink, 1.1);
    line((path) => shapes.borders(path, map.among(found.chosen)), ink, 3);
    if (found.cut.length) line((path) => shapes.borders(path, map.among(found.cut)), "#b3001b", 3.2, [6, 3]);
    if (map.focused >= 0) {
      line((path) => shapes.trace(path, [map.focused]), "#fff", 7);
      line((path) => shapes.trace(path, [map.focused]), "#0b57d0", 3.5);
    }
    this.mark(pen, grain, ink);
  }

  path(blocks, use) {
    const path = new Path2D();
    this.map.shapes.trace(path, blocks);
    use(path);
  }

  pattern(pen, kind, ink, dense, scale, x, y) {
    const side = Math.round(7 * dense), tile = element("canvas", { width: side, height: side }), small = tile.getContext("2d");
    small.globalAlpha = 0.6;
    small.strokeStyle = small.fillStyle = ink;
    small.lineWidth = 1.3 * dense;
    small.beginPath();
    if (kind === "moved")
      for (const shift of [-side, 0, side]) {
        small.moveTo(shift, side);
        small.lineTo(shift + side, 0);
      }
    else small.arc(side / 2, side / 2, 1.7 * dense, 0, 7);
    kind === "moved" ? small.stroke() : small.fill();
    const pattern = pen.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix([1 / scale, 0, 0, 1 / scale, x, y]));
    return pattern;
  }

  mark(pen, grain, ink) {
    Object.assign(pen, { fillStyle: ink, strokeStyle: "#fff", lineJoin: "round" });
    for (const [, x, y] of this.map.marks) {
      pen.beginPath();
      pen.arc(x, y, 4.5 * grain, 0, 7);
      pen.lineWidth = 1.5 * grain;
      pen.fill();
      pen.stroke();
    }
    for (const { text, x, y, size, anchor } of this.map.written()) {
      pen.font = `${size}px sans-serif`;
      pen.textAlign = anchor === "middle" ? "center" : anchor;
      pen.lineWidth = 3 * grain;
      pen.strokeText(text, x, y);
      pen.fillText(text, x, y);
    }
  }
}
