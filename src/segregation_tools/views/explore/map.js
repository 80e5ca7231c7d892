// Draws the map of the page from its data. Whatever comes from data is set as text, never as HTML.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const OUTLINE = "#1c1c1c", EDGE = "#7a7a7a", CHOSEN = "#d4006a", MANY = 3000, NAMED = 12;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const drawn = data.names.length <= MANY; // as elements, which take the focus; on one canvas beyond
  const map = L.map("map", {
    crs: data.plane ? L.CRS.Simple : L.CRS.EPSG3857,
    minZoom: data.plane ? -6 : 0,
    zoomSnap: 0.25,
    preferCanvas: !drawn,
    attributionControl: Boolean(data.tiles),
    zoomAnimation: !calm, fadeAnimation: !calm, inertia: !calm,
  });
  if (data.tiles) {
    map.attributionControl.setPrefix(false);
    L.tileLayer(data.tiles.address, { attribution: data.tiles.attribution }).addTo(map);
  }

  const paths = new Array(data.names.length);
  let layer = 0, chosen = -1;

  const outlined = data.layers.map((one) => new Set(one.outlined));
  function style(i) {
    const { colours, fills } = data.layers[layer];
    const look = { fillColor: colours[fills[i]], fillOpacity: data.tiles ? 0.75 : 1, color: EDGE, weight: drawn ? 0.5 : 0.2, radius: 5 };
    if (outlined[layer].has(i)) Object.assign(look, { color: OUTLINE, weight: 2 });
    if (i === chosen) Object.assign(look, { color: CHOSEN, weight: 4 });
    return look;
  }

  const features = data.shapes
    .map((geometry, i) => ({ type: "Feature", geometry, properties: { i } }))
    .filter((feature) => feature.geometry);
  const units = L.geoJSON(features, {
    style: (feature) => style(feature.properties.i),
    pointToLayer: (_, at) => L.circleMarker(at),
    onEachFeature: (feature, path) => {
      const i = feature.properties.i;
      paths[i] = path;
      path.on({ mouseover: () => tell(i), mouseout: () => tell(chosen), click: () => choose(i) });
    },
  }).addTo(map);

  // ---------------------------------------------------------------- the frame, once it has a size

  let framed = false;
  function frame() {
    map.invalidateSize({ animate: false });
    if (framed || !map.getSize().x) return;
    map.fitBounds(units.getBounds(), { padding: [12, 12], animate: false });
    framed = true;
  }
  frame();
  if (!framed) map.setView(units.getBounds().getCenter(), 0);
  new ResizeObserver(frame).observe(document.getElementById("map"));

  // ---------------------------------------------------------------- colours

  function paint() {
    paths.forEach((path, i) => path.setStyle(style(i)));
    for (const i of [...outlined[layer], chosen]) if (paths[i]) paths[i].bringToFront();
  }

  const radios = [...document.querySelectorAll("input[name=layer]")];
  const legends = [...document.querySelectorAll(".legend")];
  function show() {
    layer = Math.max(0, radios.findIndex((radio) => radio.checked));
    legends.forEach((legend, i) => { legend.hidden = i !== layer; });
    paint();
  }
  radios.forEach((radio) => radio.addEventListener("change", show));

  // ---------------------------------------------------------------- numbers

  function element(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  const facts = document.getElementById("facts");
  let told;
  function tell(i) {
    if (told === i) return;
    told = i;
    if (i < 0) return facts.replaceChildren(element("p", data.words.facts_none, { class: "note" }));
    const table = document.createElement("table");
    data.columns.forEach((column, j) => {
      const row = table.insertRow();
      row.append(element("th", column, { scope: "row" }), element("td", data.rows[i][j], { class: "number" }));
    });
    facts.replaceChildren(element("h2", data.names[i]), table);
  }

  const find = document.getElementById("find");
  find.append(element("option", data.words.find_none, { value: -1 }));
  data.names.forEach((name, i) => find.append(element("option", name, { value: i })));
  find.value = -1; // some browsers keep what was chosen before the page was loaded again
  find.addEventListener("change", () => choose(Number(find.value)));

  function middle(i) {
    return paths[i].getLatLng ? paths[i].getLatLng() : paths[i].getBounds().getCenter();
  }

  function choose(i) {
    const before = chosen;
    chosen = i;
    find.value = i;
    tell(i);
    if (before >= 0 && paths[before]) paths[before].setStyle(style(before));
    if (i < 0 || !paths[i]) return;
    paths[i].setStyle(style(i)).bringToFront();
    if (!map.getBounds().contains(middle(i))) map.panTo(middle(i), { animate: !calm });
    if (drawn) focusable(i);
  }

  // ---------------------------------------------------------------- keys: one area is in the order of tabs, arrows go on

  let inOrder;
  function focusable(i) {
    const next = paths[i].getElement && paths[i].getElement();
    if (!next) return;
    if (inOrder) inOrder.setAttribute("tabindex", -1);
    inOrder = next;
    inOrder.setAttribute("tabindex", 0);
  }

  const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  function beside(i, [right, down]) {
    const from = map.latLngToLayerPoint(middle(i));
    let best = i, least = Infinity;
    paths.forEach((_, j) => {
      const to = map.latLngToLayerPoint(middle(j)).subtract(from);
      const along = right * to.x + down * to.y, aside = Math.abs(down * to.x) + Math.abs(right * to.y);
      if (along > 0 && aside <= along && along + 2 * aside < least) { best = j; least = along + 2 * aside; }
    });
    return best;
  }

  if (drawn) {
    paths.forEach((path, i) => {
      const shape = path.getElement && path.getElement();
      if (!shape) return;
      for (const [name, value] of [["tabindex", -1], ["role", "button"], ["aria-label", data.names[i]]]) {
        shape.setAttribute(name, value);
      }
      shape.addEventListener("focus", () => {
        if (chosen === i) return;
        choose(i);
        shape.focus({ preventScroll: true }); // it was brought to the front, which takes the focus away
      });
      shape.addEventListener("keydown", (event) => {
        if (!WAYS[event.key]) return;
        event.preventDefault();
        event.stopPropagation(); // it would move the map
        const next = beside(i, WAYS[event.key]);
        choose(next);
        paths[next].getElement().focus({ preventScroll: true });
      });
    });
    if (features.length) focusable(features[0].properties.i);
  }

  // ---------------------------------------------------------------- schools

  map.createPane("places").style.zIndex = 450; // above areas, below words
  map.getPane("places").style.pointerEvents = "none";
  for (const place of data.places) {
    const [x, y] = place.at;
    const look = { pane: "places", interactive: false, radius: 5, color: "#fff", weight: 2, fillColor: OUTLINE, fillOpacity: 1 };
    const dot = L.circleMarker([y, x], { ...look, renderer: L.svg({ pane: "places" }) }).addTo(map);
    if (data.places.length <= NAMED) {
      const name = element("span", place.name);
      dot.bindTooltip(name, { permanent: true, direction: "top", className: "school", offset: [0, -6] });
    }
  }

  // ---------------------------------------------------------------- all numbers, when they are asked for

  const all = document.getElementById("all");
  all.addEventListener("toggle", () => {
    const place = all.querySelector("div");
    if (place.firstChild) return;
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    [data.words.find, ...data.columns].forEach((column) => head.append(element("th", column, { scope: "col" })));
    const body = table.createTBody();
    data.rows.forEach((row, i) => {
      const line = body.insertRow();
      line.append(element("th", data.names[i], { scope: "row" }));
      row.forEach((text) => line.append(element("td", text, { class: "number" })));
    });
    place.append(table);
  });

  show();
  tell(-1);
})();
