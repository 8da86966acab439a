// Maps on canvases: colors, color bars, the crosshair that all of them share.
const state = {
  picked: 0, row: null, column: null, group: "seen", kind: "intensity", colors: "inferno", range: "most",
};
const MISSING = [207, 212, 218];
const Z_COLORS = [[255, 255, 255], [249, 212, 35], [215, 38, 30], [0, 0, 0]];
const KIND_NAMES = { intensity: "Map", uncertainty: "Standard errors", reference: "Reference map", z: "|z|" };

const views = [];

// Whether a line group is shown: those that the maps do not show are there on demand.
const isShown = (element) => state.group === "all" || element.seen;

// One map: its canvas, scale bar, crosshair and color bar. `of` gives {kind, element}.
class MapView {
  constructor(of, options = {}) {
    this.of = of;
    this.canvas = make("canvas", { width: grid.planeColumns, height: grid.planeRows });
    this.frame = make("div", { className: "map", tabIndex: options.tabIndex ?? 0 }, this.canvas,
      make("i", { className: "cross across" }), make("i", { className: "cross down" }), make("i", { className: "point at" }));
    this.frame.setAttribute("role", "img");
    if (!options.plain) {
      const bar = make("span", { className: "scale-bar" }, make("span", { textContent: grid.barLabel }));
      bar.style.setProperty("--share", `${100 * grid.barShare}%`);
      this.frame.append(bar);
      this.low = make("span");
      this.high = make("span");
      this.colorBar = make("div", { className: "color-bar" }, make("i"), this.low, this.high);
    }
    views.push(this);
    this.listen();
  }

  async draw() {
    const { kind, element } = this.of();
    const k = placeOf(kind, element);
    const drawn = this.drawn = `${kind}-${k}-${state.colors}-${state.range}`;
    // An element that the reference does not have: nothing is known in any pixel.
    const plane = k === null ? new Float32Array(grid.planeRows * grid.planeColumns).fill(NaN) : await unpack(`${kind}-${k}`);
    if (this.drawn !== drawn) return;
    const image = new ImageData(grid.planeColumns, grid.planeRows);
    this.frame.classList.toggle("of-z", kind === "z");
    this.colorBar?.classList.toggle("of-z", kind === "z");
    if (kind === "z") this.paintClasses(image.data, plane);
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
    const [least, most] = limits.all;
    this.low.textContent = `${least < low ? "≤\u200a" : ""}${brief(low)}`;
    this.high.replaceChildren(`${most > high ? "≥\u200a" : ""}${brief(high)}`, make("span", { className: "unit", textContent: " counts" }));
  }

  paintClasses(pixels, plane) {
    for (let i = 0, p = 0; i < plane.length; i++, p += 4) {
      const color = Z_COLORS[plane[i]] || MISSING;
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
    let text = `${KIND_NAMES[kind]} of ${element.label}, ${grid.rows} rows by ${grid.columns} columns`;
    if (kind !== "z" && top >= 0) {
      const [least, most] = element.limits[kind].all;
      const row = Math.floor(top / grid.planeColumns) * grid.side, column = top % grid.planeColumns * grid.side;
      text += `: ${readable(least)} to ${readable(most)} counts, most at ${whereIs(row, column)}`;
    }
    this.frame.setAttribute("aria-label", `${text}. Arrow keys move the chosen pixel.`);
  }

  pixelAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const clip = (share, n) => Math.min(Math.max(Math.floor(share * n), 0), n - 1);
    return [clip((event.clientY - box.top) / box.height, grid.rows), clip((event.clientX - box.left) / box.width, grid.columns)];
  }

  listen() {
    const pick = () => page.elements.indexOf(this.of().element);
    this.frame.addEventListener("click", (event) => choose(...this.pixelAt(event), pick()));
    this.frame.addEventListener("pointermove", (event) => {
      const [row, column] = this.pixelAt(event);
      placeCross("over", row, column);
      showTip(event, row, column, this.of());
    });
    this.frame.addEventListener("pointerleave", () => {
      document.documentElement.classList.remove("pointing");
      document.getElementById("tip").hidden = true;
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

// Counts beside a color bar, where there is little room.
function brief(value) {
  return Math.abs(value) >= 99950 ? value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 }) : readable(value);
}

// Where a map is among those of its kind; null where the reference does not have the element.
function placeOf(kind, element) {
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
  const tip = document.getElementById("tip");
  const asked = tip.dataset.asked = `${row},${column},${kind},${element.name}`;
  const k = page.elements.indexOf(element);
  const place = placeInPlane(row, column);
  const { clientX, clientY } = event;
  let text;
  if (placeOf(kind, element) === null) {
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
  tip.textContent = `${element.label}: ${text} · ${whereIs(row, column)}`;
  tip.hidden = false;
  const left = Math.min(clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 6);
  const above = clientY + 20 + tip.offsetHeight > window.innerHeight;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${clientY + (above ? -tip.offsetHeight - 10 : 18)}px`;
}

const cards = [];

function makeCards() {
  const gallery = document.getElementById("maps");
  page.elements.forEach((element, place) => {
    const map = new MapView(() => ({ kind: state.kind, element }));
    const value = make("span", { className: "value" });
    const card = make("figure", { className: "card", id: `map-${place}` },
      make("figcaption", {}, make("b", { textContent: element.label, title: element.label }), value), map.frame, map.colorBar);
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
  const gallery = document.getElementById("maps");
  const width = gallery.clientWidth, height = window.innerHeight - gallery.getBoundingClientRect().top - window.scrollY - 8;
  const least = Math.min(Math.max(94 * Math.sqrt(grid.aspect), 90), 240);
  let best = 1;
  for (let columns = 1; columns <= Math.min(n, 8); columns++) {
    const card = (width - 12 * (columns - 1)) / columns;
    if (columns > 1 && card < least) break;
    best = columns;
    if (Math.ceil(n / columns) * (card / grid.aspect + 50) <= 1.06 * height) break;
  }
  return best;
}

function layOut(columns) {
  const gallery = document.getElementById("maps");
  gallery.style.setProperty("--columns", columns);
  const n = page.elements.length;
  gallery.style.setProperty("--print-columns", n === 1 ? 1 : n <= 4 ? 2 : n <= 16 ? 4 : 5);
  // One tall map must not be higher than the window.
  gallery.style.setProperty("--tallest", `${Math.max(window.innerHeight - 170, 260)}px`);
  for (const { canvas } of views) {
    canvas.classList.toggle("fine", grid.planeColumns > 1.1 * canvas.clientWidth * (window.devicePixelRatio || 1));
  }
}
