// A chart of spectra on a canvas. All charts share the energies that are shown.
const view = { from: 0, to: 1, least: 0, most: 1, log: true, at: null, charts: [] };

const INK = "#1d2329", SOFT = "#5a6570", GRIDLINE = "#e4e8eb", PICKED = "#009e73";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const MARGIN = { left: 44, right: 44, bottom: 21, plainTop: 6, labelTop: 40 };

function redraw() {
  for (const chart of view.charts) chart.draw();
}

function showEnergies(from, to) {
  const width = Math.min(Math.max(to - from, 0.15), view.most - view.least);
  let start = (from + to - width) / 2;
  start = Math.min(Math.max(start, view.least), view.most - width);
  view.from = start;
  view.to = start + width;
  redraw();
}

function zoom(factor) {
  const middle = (view.from + view.to) / 2, half = (view.to - view.from) / 2 / factor;
  showEnergies(middle - half, middle + half);
}

function pan(share) {
  const step = share * (view.to - view.from);
  showEnergies(view.from + step, view.to + step);
}

class Chart {
  // options: title, labels (whether the line groups stand above it), describe (for screen readers)
  constructor(parent, options) {
    this.options = options;
    this.curves = [];
    this.hidden = new Set();
    this.legend = make("div", { className: "legend" });
    this.canvas = make("canvas", { tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.reading = make("div", { className: "reading" });
    parent.append(make("div", { className: "chart-head" }, make("b", { textContent: options.title }), this.legend), this.canvas, this.reading);
    this.heading = parent.querySelector("b");
    view.charts.push(this);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(parent);
  }

  // curves: name, color, x, y, and perhaps right (axis), fill, width, dash
  show(curves) {
    this.curves = curves;
    this.legend.replaceChildren(...curves.map((curve) => {
      const button = make("button", { type: "button", textContent: curve.name, title: "Show or hide" });
      button.style.setProperty("--swatch", curve.color);
      button.setAttribute("aria-pressed", String(!this.hidden.has(curve.key)));
      button.onclick = () => {
        if (!this.hidden.delete(curve.key)) this.hidden.add(curve.key);
        button.setAttribute("aria-pressed", String(!this.hidden.has(curve.key)));
        this.draw();
      };
      return button;
    }));
    this.canvas.setAttribute("aria-label", this.options.describe());
    this.draw();
  }

  get visible() {
    return this.curves.filter((curve) => !this.hidden.has(curve.key));
  }

  x(energy) {
    return this.left + (energy - view.from) / (view.to - view.from) * (this.right - this.left);
  }

  energy(x) {
    return view.from + (x - this.left) / (this.right - this.left) * (view.to - view.from);
  }

  draw() {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    if (!width || !height) return;
    // At least two device pixels for each of the page's, so that a print is sharp.
    const scale = Math.max(window.devicePixelRatio || 1, 2);
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const pen = this.pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const twoAxes = this.curves.some((curve) => curve.right);
    // The same in all charts, so that their energies stand one above the other.
    this.left = MARGIN.left;
    this.right = width - MARGIN.right;
    this.top = this.options.labels ? MARGIN.labelTop : MARGIN.plainTop;
    this.bottom = height - MARGIN.bottom;
    const left = this.scaleOf(this.visible.filter((curve) => !curve.right));
    const right = twoAxes ? this.scaleOf(this.visible.filter((curve) => curve.right)) : null;
    this.drawEnergies();
    const colorOf = (onRight) => (twoAxes ? this.curves.find((c) => Boolean(c.right) === onRight)?.color : SOFT);
    if (left) this.drawCounts(left, false, colorOf(false));
    if (right) this.drawCounts(right, true, colorOf(true));
    this.drawLines();
    pen.save();
    pen.beginPath();
    pen.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    pen.clip();
    for (const curve of this.visible) this.drawCurve(curve, curve.right ? right : left);
    this.drawCursor();
    pen.restore();
    pen.strokeStyle = "#9aa4ad";
    pen.strokeRect(this.left + 0.5, this.top + 0.5, this.right - this.left - 1, this.bottom - this.top - 1);
  }

  // From counts to a height on the canvas, over the curves' counts at the energies shown.
  scaleOf(curves) {
    let top = 0, least = Infinity;
    for (const { x, y } of curves) {
      for (let i = 0; i < x.length; i++) {
        if (x[i] < view.from || x[i] > view.to) continue;
        if (y[i] > top) top = y[i];
        if (y[i] > 0 && y[i] < least) least = y[i];
      }
    }
    if (!curves.length) return null;
    if (!(top > 0)) top = 1;
    const span = this.bottom - this.top;
    if (!view.log) {
      const most = 1.06 * top;
      return { low: 0, high: most, y: (v) => this.bottom - v / most * span };
    }
    // At most six decades; single counts stand above the axis.
    const low = Math.max(Math.min(0.6 * Math.max(least, curves[0].least || 0), 0.5 * top), top * 1e-6);
    const high = top * 1.6;
    const decades = Math.log(high / low);
    return { low, high, y: (v) => this.bottom - Math.log(Math.max(v, low * 1e-3) / low) / decades * span };
  }

  drawEnergies() {
    const pen = this.pen;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const energy of roundSteps(view.from, view.to, (this.right - this.left) / 60)) {
      const x = Math.round(this.x(energy)) + 0.5;
      pen.strokeStyle = GRIDLINE;
      stroke(pen, x, this.top, x, this.bottom);
      pen.fillStyle = SOFT;
      const text = String(+energy.toFixed(3));
      if (x + pen.measureText(text).width / 2 < this.right - 28) pen.fillText(text, x, this.bottom + 5);
    }
    pen.textAlign = "right";
    pen.fillStyle = SOFT;
    pen.fillText("keV", this.right, this.bottom + 5);
  }

  drawCounts(scale, onRight, color) {
    const pen = this.pen;
    pen.textAlign = onRight ? "left" : "right";
    pen.textBaseline = "middle";
    pen.fillStyle = color;
    const ticks = view.log ? decadesOf(scale.low, scale.high) : roundSteps(0, scale.high, (this.bottom - this.top) / 30);
    for (const tick of ticks) {
      const y = Math.round(scale.y(tick)) + 0.5;
      if (y < this.top + 5 || y > this.bottom + 1) continue;
      if (!onRight) {
        pen.strokeStyle = GRIDLINE;
        stroke(pen, this.left, y, this.right, y);
      }
      pen.fillText(compact(tick), onRight ? this.right + 5 : this.left - 5, y);
    }
  }

  drawCurve(curve, scale) {
    if (!scale) return;
    const pen = this.pen, { x, y } = curve;
    const step = (x[x.length - 1] - x[0]) / Math.max(x.length - 1, 1);
    pen.beginPath();
    let open = false;
    for (let i = 0; i < x.length; i++) {
      if (x[i] < view.from - 2 * step || x[i] > view.to + 2 * step) continue;
      if (Number.isNaN(y[i])) {
        open = false;
        continue;
      }
      const height = scale.y(y[i]);
      if (curve.smooth) {
        if (open) pen.lineTo(this.x(x[i]), height);
        else pen.moveTo(this.x(x[i]), height);
      } else {
        // A count belongs to the whole width of its channel.
        const from = this.x(x[i] - step / 2), to = this.x(x[i] + step / 2);
        if (open) pen.lineTo(from, height);
        else pen.moveTo(from, curve.fill ? this.bottom : height);
        if (!open) pen.lineTo(from, height);
        pen.lineTo(to, height);
      }
      open = true;
    }
    if (curve.fill) {
      pen.lineTo(this.right, this.bottom + 4);
      pen.lineTo(this.left, this.bottom + 4);
      pen.fillStyle = curve.fill;
      pen.fill();
      if (!curve.width) return;
    }
    pen.strokeStyle = curve.color;
    pen.lineWidth = curve.width || 1;
    pen.lineJoin = "round";
    pen.setLineDash(curve.dash || []);
    pen.stroke();
    pen.setLineDash([]);
    pen.lineWidth = 1;
  }

  // Lines of the picked element in full, the main lines of the others faint, names on top.
  drawLines() {
    const pen = this.pen;
    const picked = page.elements[state.picked];
    const groups = page.elements
      .filter((e) => (isShown(e) || e === picked) && e.energy !== null && e.energy > view.from && e.energy < view.to)
      .sort((a, b) => a.energy - b.energy);
    for (const group of groups) {
      if (group === picked) continue;
      const x = this.x(group.energy);
      pen.strokeStyle = "rgba(90, 101, 112, 0.22)";
      stroke(pen, x, this.top, x, this.bottom);
    }
    for (const [energy, share] of picked ? picked.lines : []) {
      if (energy < view.from || energy > view.to) continue;
      pen.globalAlpha = 0.35 + 0.65 * Math.sqrt(share);
      pen.strokeStyle = PICKED;
      pen.lineWidth = 1.4;
      stroke(pen, this.x(energy), this.top, this.x(energy), this.bottom);
      pen.globalAlpha = 1;
      pen.lineWidth = 1;
    }
    if (!this.options.labels) return;
    const places = spread(groups.map((g) => this.x(g.energy)), 12.5, this.left + 6, this.right - 6);
    groups.forEach((group, k) => {
      const isPicked = group === picked;
      pen.strokeStyle = isPicked ? PICKED : "#aab2ba";
      stroke(pen, this.x(group.energy), this.top, places[k], this.top - 6);
      pen.save();
      pen.translate(places[k], this.top - 8);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      pen.font = `${isPicked ? "bold " : ""}${pen.font.replace(/^bold /, "")}`;
      pen.fillStyle = isPicked ? "#00734f" : INK;
      pen.fillText(group.label, 0, 0, MARGIN.labelTop - 9);
      pen.restore();
    });
  }

  drawCursor() {
    const pen = this.pen;
    if (this.dragFrom !== undefined && this.dragTo !== undefined) {
      pen.fillStyle = "rgba(0, 114, 178, 0.14)";
      pen.fillRect(this.dragFrom, this.top, this.dragTo - this.dragFrom, this.bottom - this.top);
    }
    if (view.at === null) return;
    pen.strokeStyle = "rgba(29, 35, 41, 0.55)";
    stroke(pen, this.x(view.at), this.top, this.x(view.at), this.bottom);
  }

  // What the cursor points at, in words.
  read() {
    if (view.at === null || !this.visible.length) {
      this.reading.textContent = "";
      return;
    }
    const near = page.elements.filter((e) => e.lines.some(([energy]) => Math.abs(energy - view.at) < 0.06));
    const counts = this.visible.map((curve) => {
      const value = curve.y[nearest(curve.x, view.at)];
      return Number.isFinite(value) ? `${curve.name} ${readable(value)}` : "";
    });
    const lines = this.options.labels && near.length ? [near.map((e) => e.label).join(", ")] : [];
    this.reading.textContent = [`${view.at.toFixed(2)} keV`, ...counts.filter(Boolean), ...lines].join(" · ");
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.dragFrom = event.offsetX;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const energy = this.energy(event.offsetX);
      view.at = energy >= view.from && energy <= view.to ? energy : null;
      if (this.dragFrom !== undefined) this.dragTo = event.offsetX;
      redraw();
      for (const chart of view.charts) chart.read();
    });
    canvas.addEventListener("pointerup", () => {
      const { dragFrom, dragTo } = this;
      this.dragFrom = this.dragTo = undefined;
      if (dragTo !== undefined && Math.abs(dragTo - dragFrom) > 6) {
        const ends = [this.energy(dragFrom), this.energy(dragTo)].sort((a, b) => a - b);
        showEnergies(...ends);
      } else {
        redraw();
      }
    });
    canvas.addEventListener("pointercancel", () => {
      this.dragFrom = this.dragTo = undefined;
      redraw();
    });
    canvas.addEventListener("pointerleave", () => {
      view.at = null;
      redraw();
      for (const chart of view.charts) chart.read();
    });
    canvas.addEventListener("dblclick", () => showEnergies(view.least, view.most));
    canvas.addEventListener("keydown", (event) => {
      const actions = {
        ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), "+": () => zoom(1.6), "=": () => zoom(1.6),
        "-": () => zoom(1 / 1.6), 0: () => showEnergies(view.least, view.most), l: () => setLog(!view.log),
      };
      const action = actions[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }
}

function stroke(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

// Round numbers within a range, at most about `most` of them.
function roundSteps(from, to, most) {
  const raw = (to - from) / Math.max(most, 1);
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const step = magnitude * [1, 2, 5, 10].find((s) => s * magnitude >= raw * 0.999);
  const steps = [];
  for (let k = Math.ceil(from / step - 1e-9); k * step <= to * (1 + 1e-9); k++) steps.push(k * step);
  return steps;
}

function decadesOf(low, high) {
  const decades = [];
  for (let k = Math.ceil(Math.log10(low)); 10 ** k <= high; k++) decades.push(10 ** k);
  if (decades.length > 1) return decades;
  return [1, 2, 5].flatMap((s) => [s * 10 ** Math.floor(Math.log10(low)), s * 10 ** Math.floor(Math.log10(high))])
    .filter((tick, k, all) => tick >= low && tick <= high && all.indexOf(tick) === k);
}

function compact(value) {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(value) + 1e-9);
  if (power < -3) return `10⁻${SUPERSCRIPTS[-power]}`;
  if (power < 3) return String(+value.toPrecision(3));
  const [unit, size] = power < 6 ? ["k", 1e3] : power < 9 ? ["M", 1e6] : ["G", 1e9];
  return `${+(value / size).toPrecision(3)} ${unit}`;
}

function nearest(sorted, value) {
  let low = 0, high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return value - sorted[low] <= sorted[high] - value ? low : high;
}

// Places nearest to increasing targets, a spacing apart, within bounds: isotonic regression of the
// targets less k spacings, by pooling neighbors that would overlap.
function spread(targets, spacing, low, high) {
  const n = targets.length;
  const gap = Math.min(spacing, (high - low) / Math.max(n - 1, 1));
  const pools = [];
  targets.forEach((target, k) => {
    pools.push({ sum: target - k * gap, size: 1 });
    while (pools.length > 1) {
      const last = pools[pools.length - 1], before = pools[pools.length - 2];
      if (before.sum / before.size <= last.sum / last.size) break;
      before.sum += last.sum;
      before.size += last.size;
      pools.pop();
    }
  });
  const free = pools.flatMap(({ sum, size }) => Array(size).fill(sum / size));
  const most = Math.max(high - (n - 1) * gap, low);
  return free.map((place, k) => Math.min(Math.max(place, low), most) + k * gap);
}
