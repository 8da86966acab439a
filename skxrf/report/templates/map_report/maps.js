// Maps on canvases: colors, color bars, the crosshair that all of them share.
const state = {
  picked: 0, row: null, column: null, group: "seen", kind: "intensity", colors: "inferno", range: "most", tool: "move",
};
const MISSING = [207, 212, 218];
const Z_COLORS = [[255, 255, 255], [249, 212, 35], [215, 38, 30], [0, 0, 0]];
const KIND_NAMES = { intensity: "Map", uncertainty: "Standard errors", reference: "Reference map", z: "|z|", paint: "Paints" };

// Width by height of a map as it is drawn: scans of few rows or columns are stretched.
const ASPECT = Math.min(Math.max(grid.aspect, 0.2), 8);

const views = [];

// Whether a line group is shown: those that the maps do not show are there on demand.
const isShown = (element) => state.group === "all" || element.seen;

// One map: its canvas, scale bar, crosshair, regions and color bar. `of` gives {kind, element, limits}.
class MapView {
  constructor(of, options = {}) {
    this.of = of;
    this.canvas = make("canvas", { width: grid.planeColumns, height: grid.planeRows });
    this.overlay = make("img", { className: "overlay", alt: "", hidden: true, draggable: false });
    this.content = make("div", { className: "content" }, this.canvas, this.overlay,
      make("i", { className: "cross across" }), make("i", { className: "cross down" }), make("i", { className: "point at" }));
    this.frame = make("div", { className: "map", tabIndex: options.tabIndex ?? 0 }, this.content);
    this.frame.setAttribute("role", "img");
    if (!options.plain) {
      this.bar = make("span", { className: "scale-bar" }, make("span", { textContent: grid.barLabel }));
      this.bar.style.setProperty("--share", `${100 * grid.barShare}%`);
      this.bar.hidden = ASPECT > 5; // it would hide a strip of a few rows
      this.frame.append(this.bar);
      this.low = make("span");
      this.high = make("span");
      this.colorBar = make("div", { className: "color-bar" }, make("i"), this.low, this.high);
    }
    views.push(this);
    this.listen();
  }

  async draw() {
    const { kind, element, limits } = this.of();
    const k = placeOf(kind, element);
    const drawn = this.drawn = `${kind}-${k}-${state.colors}-${state.range}${limits ? `-${limits[state.range]}` : ""}`;
    // An element that the reference does not have: nothing is known in any pixel.
    const plane = k === null ? new Float32Array(grid.planeRows * grid.planeColumns).fill(NaN) : await unpack(`${kind}-${k}`);
    if (this.drawn !== drawn) return;
    const image = new ImageData(grid.planeColumns, grid.planeRows);
    const colors = { z: Z_COLORS, paint: page.paints?.colors }[kind];
    for (const part of [this.frame, this.colorBar]) part?.classList.toggle("of-z", kind === "z");
    if (colors) this.paintClasses(image.data, plane, colors);
    else this.paintCounts(image.data, plane, kind, element);
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    this.canvas.dataset.shows = drawn;
    this.describe(kind, element, plane);
  }

  paintCounts(pixels, plane, kind, element) {
    // A map beside its reference has the reference's colors.
    const limits = this.of().limits || element.limits[kind] || { most: [NaN, NaN], all: [NaN, NaN] };
    const [low, high] = limits[state.range];
    const colors = grid.colors[state.colors];
    for (let i = 0, p = 0; i < plane.length; i++, p += 4) {
      const share = (plane[i] - low) / (high - low);
      if (Number.isNaN(share)) {
        pixels[p] = MISSING[0]; pixels[p + 1] = MISSING[1]; pixels[p + 2] = MISSING[2];
      } else {
        const color = 3 * Math.min(Math.max(Math.floor(256 * share), 0), 255);
        pixels[p] = colors[color]; pixels[p + 1] = colors[color + 1]; pixels[p + 2] = colors[color + 2];
      }
      pixels[p + 3] = 255;
    }
    const [least, most] = (element.limits[kind] ?? limits).all;
    const shown = Math.abs(low) < 1e-6 * Math.abs(high) ? 0 : low; // a fit leaves 1e-10 where there is nothing
    this.low.textContent = `${least < shown ? "≤\u200a" : ""}${brief(shown)}`;
    this.high.replaceChildren(`${most > high ? "≥\u200a" : ""}${brief(high)}`, make("span", { className: "unit", textContent: " counts" }));
  }

  paintClasses(pixels, plane, colors) {
    for (let i = 0, p = 0; i < plane.length; i++, p += 4) {
      const color = colors[plane[i]] || MISSING;
      pixels[p] = color[0]; pixels[p + 1] = color[1]; pixels[p + 2] = color[2]; pixels[p + 3] = 255;
    }
    if (this.colorBar) {
      this.low.textContent = "|z| ≤ 1";
      this.high.textContent = "> 3";
    }
  }

  describe(kind, element, plane) {
    let top = -1;
    for (let i = 0; i < plane.length; i++) if (plane[i] > (top < 0 ? -Infinity : plane[top])) top = i;
    let text = `${KIND_NAMES[kind]} of ${element?.label ?? "the scan"}, ${grid.rows} rows by ${grid.columns} columns`;
    if (kind !== "z" && element && top >= 0) {
      const [least, most] = element.limits[kind].all;
      const row = Math.floor(top / grid.planeColumns) * grid.side, column = top % grid.planeColumns * grid.side;
      text += `: ${readable(least)} to ${readable(most)} counts, most at ${whereIs(row, column)}`;
    }
    this.frame.setAttribute("aria-label", `${text}. Arrow keys move the chosen pixel.`);
  }

  // Row and column under the pointer, fractions included.
  placeAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const clip = (share, n) => Math.min(Math.max(share * n, 0), n);
    return [clip((event.clientY - box.top) / box.height, grid.rows), clip((event.clientX - box.left) / box.width, grid.columns)];
  }

  pixelAt(event) {
    const [row, column] = this.placeAt(event).map(Math.floor);
    return [Math.min(row, grid.rows - 1), Math.min(column, grid.columns - 1)];
  }

  listen() {
    const pick = () => Math.max(page.elements.indexOf(this.of().element), 0);
    this.frame.addEventListener("click", (event) => {
      if (this.dragged) return;
      choose(...this.pixelAt(event), this.of().element ? pick() : undefined);
      if (this.of().kind === "paint") selectPaint(...this.pixelAt(event));
    });
    this.frame.addEventListener("pointerdown", (event) => {
      this.dragged = false;
      if (event.button === 0 && state.tool !== "move") new Outline(this, event);
    });
    this.frame.addEventListener("pointermove", (event) => {
      const [row, column] = this.pixelAt(event);
      placeCross("over", row, column);
      showTip(event, row, column, this.of());
    });
    this.frame.addEventListener("pointerleave", () => {
      document.documentElement.classList.remove("pointing");
      byId("tip").hidden = true;
    });
    this.frame.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const step = steps[event.key];
      if (!step && event.key !== "Enter") return;
      event.preventDefault();
      const size = event.shiftKey ? 10 : 1;
      const [down, right] = step || [0, 0];
      const clip = (value, n) => Math.min(Math.max(value, 0), n - 1);
      choose(clip(state.row + size * down, grid.rows), clip(state.column + size * right, grid.columns), pick());
    });
  }
}

// A rectangle or lasso that is drawn on a map, from pressing to letting go.
class Outline {
  constructor(map, event) {
    Object.assign(this, { map, points: [map.placeAt(event)], from: [event.clientX, event.clientY] });
    const { frame } = map;
    frame.setPointerCapture(event.pointerId);
    const move = (later) => this.move(later);
    frame.addEventListener("pointermove", move);
    const end = (later) => {
      frame.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) frame.removeEventListener(name, end);
      this.shape?.remove();
      if (map.dragged && later.type === "pointerup") addRegion(maskOf(this.corners()));
      else trial(null);
    };
    for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, end);
  }

  corners() {
    if (state.tool === "lasso") return this.points;
    const [[r0, c0], [r1, c1]] = [this.points[0], this.points.at(-1)];
    const [top, bottom, left, right] = [Math.floor(Math.min(r0, r1)), Math.ceil(Math.max(r0, r1)), Math.floor(Math.min(c0, c1)), Math.ceil(Math.max(c0, c1))];
    return [[top, left], [top, right], [bottom, right], [bottom, left]];
  }

  move(event) {
    const { map, from } = this;
    if (!map.dragged && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 5) return;
    map.dragged = true;
    this.points.push(map.placeAt(event));
    if (!this.shape) {
      map.content.insertAdjacentHTML("beforeend", `<svg class="outline-shape" viewBox="0 0 ${grid.columns} ${grid.rows}" preserveAspectRatio="none"><polygon vector-effect="non-scaling-stroke"/></svg>`);
      this.shape = map.content.lastElementChild;
    }
    this.shape.firstElementChild.setAttribute("points", this.corners().map(([r, c]) => `${c},${r}`).join(" "));
    trial(maskOf(this.corners()));
  }
}

// Counts beside a color bar, where there is little room.
function brief(value) {
  return Math.abs(value) >= 99950 ? value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 }) : readable(value);
}

// Where a map is among those of its kind; null where the reference does not have the element.
function placeOf(kind, element) {
  if (kind === "paint") return 0;
  return kind === "reference" || kind === "z" ? element.compared : page.elements.indexOf(element);
}

// The crosshair is placed by two properties of the page, for all maps at once.
function placeCross(which, row, column) {
  const root = document.documentElement;
  root.style.setProperty(`--${which}-x`, `${100 * (column + 0.5) / grid.columns}%`);
  root.style.setProperty(`--${which}-y`, `${100 * (row + 0.5) / grid.rows}%`);
  if (which === "over") root.classList.add("pointing");
}

async function showTip(event, row, column, { kind, element }) {
  const tip = byId("tip");
  const asked = tip.dataset.asked = `${row},${column},${kind},${element?.name}`;
  const k = page.elements.indexOf(element);
  const place = placeInPlane(row, column);
  const { clientX, clientY } = event;
  let text;
  if (kind === "paint") {
    text = paintName((await unpack("paint-0"))[place]);
  } else if (kind === "rgb") {
    const chosen = enlarged.chosen.filter((one) => one >= 0);
    const values = await Promise.all(chosen.map(async (one) => (await unpack(`intensity-${one}`))[place]));
    text = values.map((value, n) => `${page.elements[chosen[n]].label} ${readable(value)}`).join(", ");
  } else if (placeOf(kind, element) === null) {
    text = "not in the reference";
  } else if (kind === "z") {
    const shown = (await unpack(`z-${element.compared}`))[place];
    text = ["|z| ≤ 1", "|z| from 1 to 2", "|z| from 2 to 3", "|z| above 3"][shown] || "no value";
  } else if (kind === "reference") {
    text = readable((await unpack(`reference-${element.compared}`))[place]);
  } else {
    const value = (await unpack(`intensity-${k}`))[place];
    const error = page.kinds.includes("uncertainty") ? (await unpack(`uncertainty-${k}`))[place] : NaN;
    text = withError(value, error).join(" ");
  }
  if (tip.dataset.asked !== asked) return;
  tip.textContent = `${kind === "rgb" ? "" : `${element?.label ?? "Paint"}: `}${text} · ${whereIs(row, column)}`;
  tip.hidden = false;
  const left = Math.min(clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 6);
  const above = clientY + 20 + tip.offsetHeight > window.innerHeight;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${clientY + (above ? -tip.offsetHeight - 10 : 18)}px`;
}

const cards = [];

function makeCards() {
  const gallery = byId("maps");
  page.elements.forEach((element, place) => {
    const map = new MapView(() => ({ kind: state.kind, element }));
    const value = make("span", { className: "value" });
    const enlarge = make("button", { type: "button", className: "enlarge", textContent: "⤢", title: `Enlarge ${element.label}` });
    enlarge.setAttribute("aria-label", enlarge.title);
    enlarge.onclick = () => enlarged.show("map", place);
    map.frame.addEventListener("dblclick", enlarge.onclick);
    const doubt = element.evidence && element.evidence.answer !== "present" ? make("span", { className: "doubt", textContent: "?", title: origin(element.evidence.answer) }) : "";
    const card = make("figure", { className: "card", id: `map-${place}` },
      make("figcaption", {}, make("b", { textContent: element.label, title: element.label }), doubt, value), map.frame, enlarge, map.colorBar);
    cards.push({ element, place, card, map, value });
    gallery.append(card);
  });
}

function makeComparisons() {
  for (const article of document.querySelectorAll(".comparison")) {
    const element = page.elements.find((e) => e.compared === Number(article.dataset.compared));
    for (const slot of article.querySelectorAll("[data-slot]")) {
      const kind = slot.dataset.slot;
      const map = new MapView(() => ({ kind, element, limits: element.limits.reference }), { plain: kind === "z" });
      const name = { reference: "Reference", intensity: "This map", z: "|z|" }[kind];
      slot.prepend(make("figcaption", {}, make("b", { textContent: name })), map.frame, ...(map.colorBar ? [map.colorBar] : []));
    }
  }
}

async function drawMaps() {
  const stops = grid.colors[state.colors];
  const shades = Array.from({ length: 17 }, (_, k) => Math.min(16 * k, 255) * 3).map((c) => `rgb(${stops.slice(c, c + 3)})`);
  document.documentElement.style.setProperty("--ramp", `linear-gradient(90deg, ${shades})`);
  await Promise.all(views.map((view) => view.draw()));
}

// As many columns as let all maps that are shown fit the window, if they stay large enough.
function bestColumns(n) {
  const gallery = byId("maps");
  const width = gallery.clientWidth, height = window.innerHeight - gallery.getBoundingClientRect().top - window.scrollY - 8;
  const least = Math.min(Math.max(94 * Math.sqrt(ASPECT), 90), 240);
  let best = 1;
  for (let columns = 1; columns <= Math.min(n, 8); columns++) {
    const card = (width - 12 * (columns - 1)) / columns;
    if (columns > 1 && card < least) break;
    best = columns;
    if (Math.ceil(n / columns) * (card / ASPECT + 50) <= 1.06 * height) break;
  }
  return best;
}

function layOut(columns) {
  const gallery = byId("maps");
  gallery.style.setProperty("--columns", columns);
  const n = page.elements.length;
  gallery.style.setProperty("--print-columns", n === 1 ? 1 : n <= 4 ? 2 : n <= 16 ? 4 : 5);
  // One tall map must not be higher than the window.
  gallery.style.setProperty("--tallest", `${Math.max(window.innerHeight - 170, 260)}px`);
  smooth(views);
}

// Pixels are drawn with sharp edges, unless they are smaller than those of the screen.
function smooth(some) {
  for (const { canvas } of some) {
    const { width } = canvas.getBoundingClientRect();
    canvas.classList.toggle("fine", width > 0 && grid.planeColumns > 1.1 * width * (window.devicePixelRatio || 1));
  }
}
