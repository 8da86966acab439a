// One large map, or three as red, green and blue, with zoom, its own range, and files of what is seen.
// Orange, cyan and violet differ by at least 75 units of CIELAB for protanopes, deuteranopes and
// tritanopes (simulated after Machado et al. 2009, IEEE TVCG 15, 1291); red, green and blue by 28.
const PRIMARIES = { plain: [[255, 0, 0], [0, 255, 0], [0, 0, 255]], safe: [[255, 128, 0], [0, 255, 255], [128, 0, 255]] };
const GAINS = [0.5, 4];

const enlarged = {
  mode: "map", element: 0, limits: {}, chosen: [], gains: [1, 1, 1], primaries: "plain", zoom: 1, x: 0, y: 0, map: null,

  // The map at first: of the element, or a composite of the brightest ones.
  make() {
    const brightest = page.elements.map((e, k) => k).filter((k) => page.elements[k].energy !== null && isShown(page.elements[k]))
      .sort((a, b) => page.elements[b].limits.intensity.all[1] - page.elements[a].limits.intensity.all[1]);
    this.chosen = [0, 1, 2].map((k) => brightest[k] ?? -1);
    this.map = new LargeView(() => ({ kind: this.mode === "rgb" ? "rgb" : state.kind, element: page.elements[this.element], limits: this.limits[`${state.kind}-${this.element}`] }));
    this.map.bar.hidden = false;
    byId("large-map").append(this.map.frame, this.map.colorBar);
    const names = page.elements.map((e, k) => [k, e.label]);
    const fill = (select, options) => select.append(...options.map(([value, textContent]) => make("option", { value, textContent })));
    fill(byId("large-element"), names);
    byId("large-element").onchange = ({ target }) => this.show("map", Number(target.value));
    for (const end of ["low", "high"]) byId(`large-${end}`).onchange = () => this.setLimits();
    this.channels = ["Red", "Green", "Blue"].map((color, c) => {
      const select = make("select", { ariaLabel: `Element shown in ${color.toLowerCase()}` });
      fill(select, [[-1, "none"], ...names]);
      select.value = this.chosen[c];
      select.onchange = () => { this.chosen[c] = Number(select.value); this.draw(); };
      const gain = make("input", { type: "range", min: Math.log(GAINS[0]), max: Math.log(GAINS[1]), step: 0.02, value: 0, title: "Gain", ariaLabel: `Gain of ${color.toLowerCase()}` });
      gain.oninput = () => { this.gains[c] = Math.exp(gain.value); this.draw(); };
      const label = make("span", { className: "channel" }, make("i"), select, gain);
      byId("rgb-channels").append(label);
      return label;
    });
    byId("rgb-safe").onchange = ({ target }) => { this.primaries = target.checked ? "safe" : "plain"; this.draw(); };
    byId("show-rgb").onclick = () => this.show("rgb");
    byId("large-close").onclick = () => this.close();
    byId("large-in").onclick = () => this.zoomBy(1.5);
    byId("large-out").onclick = () => this.zoomBy(1 / 1.5);
    byId("large-all").onclick = () => this.zoomBy(0);
    byId("large-png").onclick = () => this.savePng();
    byId("large-csv").onclick = () => this.saveCsv();
  },

  show(mode, element = this.element) {
    Object.assign(this, { mode, element });
    byId("large").hidden = false;
    byId("maps").hidden = true;
    byId("large-element").value = element;
    for (const part of document.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== mode;
    if (mode === "map") pick(element);
    this.draw();
    this.zoomBy(0);
    this.map.overlay.hidden = !regions.length;
    byId("large").scrollIntoView({ block: "nearest" });
  },

  close() {
    byId("large").hidden = true;
    byId("maps").hidden = false;
    arrange();
  },

  async draw() {
    if (byId("large").hidden) return;
    await this.map.draw();
    const { kind, element, limits } = this.map.of();
    const [low, high] = (limits ?? element.limits[kind])?.[state.range] ?? ["", ""];
    byId("large-low").value = low === "" ? "" : +low.toPrecision(4);
    byId("large-high").value = high === "" ? "" : +high.toPrecision(4);
    this.channels.forEach((channel, c) => channel.style.setProperty("--swatch", `rgb(${PRIMARIES[this.primaries][c]})`));
  },

  setLimits() {
    const low = Number(byId("large-low").value), high = Number(byId("large-high").value);
    const element = page.elements[this.element], all = element.limits[state.kind]?.all;
    if (all && high > low) this.limits[`${state.kind}-${this.element}`] = { most: [low, high], all: [low, high] };
    else delete this.limits[`${state.kind}-${this.element}`];
    this.draw();
  },

  // Zoom by a factor about a point of the frame; 0 shows everything.
  zoomBy(factor, at = null) {
    const { clientWidth: width, clientHeight: height } = this.map.frame;
    const [x, y] = at ?? [width / 2, height / 2];
    const zoom = factor ? Math.min(Math.max(this.zoom * factor, 1), 64) : 1;
    this.moveTo(x - (x - this.x) * zoom / this.zoom, y - (y - this.y) * zoom / this.zoom, zoom);
  },

  moveTo(x, y, zoom = this.zoom) {
    const { clientWidth: width, clientHeight: height } = this.map.frame;
    const within = (value, size) => Math.min(Math.max(value, size * (1 - zoom)), 0);
    Object.assign(this, { zoom, x: within(x, width), y: within(y, height) });
    this.map.content.style.transform = `translate(${this.x}px, ${this.y}px) scale(${zoom})`;
    this.map.content.style.setProperty("--zoom", zoom);
    smooth([this.map]);
    const bar = this.scaleBar();
    this.map.bar.style.setProperty("--share", `${100 * bar.share}%`);
    this.map.bar.firstChild.textContent = bar.text;
  },

  // A round length of at most a third of what is seen.
  scaleBar() {
    const wide = Math.abs(grid.stepX) * grid.columns / this.zoom, power = 10 ** Math.floor(Math.log10(wide / 3));
    const length = [5, 2, 1].find((k) => k * power <= wide / 3) * power;
    return { share: length / wide, text: `${+length.toPrecision(3)} ${grid.unit}` };
  },

  // First and last row and column of the planes that are seen.
  seen() {
    const { clientWidth: width, clientHeight: height } = this.map.frame;
    const ends = (offset, size, n) => [Math.max(Math.floor(-offset / size / this.zoom * n), 0), Math.min(Math.ceil((size - offset) / size / this.zoom * n - 1e-9), n)];
    return [...ends(this.y, height, grid.planeRows), ...ends(this.x, width, grid.planeColumns)];
  },

  shownElements() {
    return this.mode === "rgb" ? this.chosen.filter((k) => k >= 0) : [this.element];
  },

  // The picture as it is seen, with title, scale bar, and color bar or names of the colors.
  savePng() {
    const [top, bottom, left, right] = this.seen(), rows = bottom - top, columns = right - left;
    const width = Math.max(Math.ceil(1200 / columns), 1) * columns, height = Math.round(width / ASPECT * (rows / grid.planeRows) * (grid.planeColumns / columns));
    const unit = Math.max(width / 60, 14);
    const canvas = make("canvas", { width, height: Math.round(height + 5 * unit) }), pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = false;
    const y = 2 * unit, crop = [left, top, columns, rows, 0, y, width, height];
    pen.drawImage(this.map.canvas, ...crop);
    if (regions.length) pen.drawImage(this.map.overlay, ...crop);
    const write = (text, x, at, color = "#000", align = "left") => Object.assign(pen, { font: `${unit}px system-ui, sans-serif`, textAlign: align, textBaseline: "middle", fillStyle: color }).fillText(text, x, at);
    const bar = this.scaleBar(), length = bar.share * grid.columns / this.zoom / columns / grid.side * width;
    pen.fillStyle = "rgba(0, 0, 0, 0.6)";
    pen.fillRect(unit * 0.4, y + height - 2.4 * unit, length + 1.2 * unit, 2.1 * unit);
    pen.fillStyle = "#fff";
    pen.fillRect(unit, y + height - 0.8 * unit, length, 0.25 * unit);
    write(bar.text, unit, y + height - 1.5 * unit, "#fff");
    const foot = y + height + unit;
    if (this.mode === "rgb") {
      write(page.title, unit / 3, unit);
      this.chosen.filter((k) => k >= 0).forEach((k, n) => {
        const c = this.chosen.indexOf(k);
        pen.fillStyle = `rgb(${PRIMARIES[this.primaries][c]})`;
        pen.fillRect(n * 9 * unit, foot, unit, unit);
        write(`${page.elements[k].label}${this.gains[c] === 1 ? "" : ` × ${this.gains[c].toFixed(2)}`}`, n * 9 * unit + 1.4 * unit, foot + 0.5 * unit);
      });
    } else {
      write(`${page.elements[this.element].label}, ${KIND_NAMES[state.kind].toLowerCase()}`, unit / 3, unit);
      const colors = grid.colors[state.colors];
      for (let k = 0; k < 256 && state.kind !== "z"; k++) {
        pen.fillStyle = `rgb(${colors.slice(3 * k, 3 * k + 3)})`;
        pen.fillRect(k * width / 256, foot, width / 256 + 1, 0.7 * unit);
      }
      write(this.map.low.textContent, 0, foot + 1.5 * unit);
      write(this.map.high.textContent, width, foot + 1.5 * unit, "#000", "right");
    }
    canvas.toBlob((blob) => download(`${this.shownElements().map((k) => page.elements[k].name).join("_")}.png`, blob));
  },

  async saveCsv() {
    const [top, bottom, left, right] = this.seen(), kind = this.mode === "rgb" || state.kind === "z" ? "intensity" : state.kind;
    const elements = this.shownElements().filter((k) => placeOf(kind, page.elements[k]) !== null);
    const planes = await Promise.all(elements.map((k) => unpack(`${kind}-${placeOf(kind, page.elements[k])}`)));
    const rows = [[`y [${grid.unit}]`, `x [${grid.unit}]`, ...elements.map((k) => `${page.elements[k].name} [counts]`)]];
    for (let r = top; r < bottom; r++) {
      for (let c = left; c < right; c++) {
        const middle = (grid.side - 1) / 2;
        rows.push([grid.y0 + (r * grid.side + middle) * grid.stepY, grid.x0 + (c * grid.side + middle) * grid.stepX, ...planes.map((plane) => plane[r * grid.planeColumns + c])]);
      }
    }
    download(`${elements.map((k) => page.elements[k].name).join("_")}.csv`, csv(rows), "text/csv");
  },
};

class LargeView extends MapView {
  async draw() {
    if (byId("large").hidden) return;
    const { kind } = this.of();
    this.colorBar.hidden = kind === "rgb";
    if (kind !== "rgb") return super.draw();
    const { chosen, gains, primaries } = enlarged;
    const drawn = this.drawn = `rgb-${chosen}-${gains}-${primaries}-${state.range}`;
    const planes = await Promise.all(chosen.map((k) => (k < 0 ? null : unpack(`intensity-${k}`))));
    if (this.drawn !== drawn) return;
    const image = new ImageData(grid.planeColumns, grid.planeRows), sums = new Float32Array(4);
    const channels = planes.flatMap((plane, c) => {
      if (!plane) return [];
      const [low, high] = page.elements[chosen[c]].limits.intensity[state.range];
      return [{ plane, low, scale: gains[c] / (high - low), color: PRIMARIES[primaries][c] }];
    });
    for (let i = 0, p = 0; p < image.data.length; i++, p += 4) {
      sums.fill(0);
      for (const { plane, low, scale, color } of channels) {
        const share = Math.min(Math.max((plane[i] - low) * scale, 0), 1);
        for (let k = 0; k < 3; k++) sums[k] += share * color[k];
      }
      for (let k = 0; k < 3; k++) image.data[p + k] = Number.isNaN(sums[k]) ? MISSING[k] : sums[k];
      image.data[p + 3] = 255;
    }
    this.frame.classList.remove("of-z");
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    this.canvas.dataset.shows = drawn;
    this.frame.setAttribute("aria-label", `${chosen.map((k, c) => `${page.elements[k]?.label ?? "nothing"} in ${["red", "green", "blue"][c]}`).join(", ")}. Arrow keys move the chosen pixel.`);
  }

  listen() {
    super.listen();
    this.frame.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.frame.getBoundingClientRect();
      enlarged.zoomBy(1.0015 ** -event.deltaY, [event.clientX - box.left, event.clientY - box.top]);
    }, { passive: false });
    this.frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || state.tool !== "move") return;
      const [x, y] = [enlarged.x - event.clientX, enlarged.y - event.clientY];
      const move = (later) => {
        if (Math.hypot(later.clientX - event.clientX, later.clientY - event.clientY) > 4) this.dragged = true;
        if (this.dragged) enlarged.moveTo(x + later.clientX, y + later.clientY);
      };
      this.frame.setPointerCapture(event.pointerId);
      this.frame.addEventListener("pointermove", move);
      for (const end of ["pointerup", "pointercancel"]) this.frame.addEventListener(end, () => this.frame.removeEventListener("pointermove", move), { once: true });
    });
  }
}
