// Charts of spectra, drawn by uPlot. All share the energies that are shown.
const view = { from: 0, to: 1, least: 0, most: 1, log: true, marks: true, charts: [] };
const LABEL_ROOM = 36, NAME_ROOM = 12, AXIS_FONT = "11px system-ui, sans-serif";

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const redraw = () => view.charts.forEach((chart) => chart.plot?.redraw(false));

function showEnergies(from, to) {
  const width = Math.min(Math.max(to - from, 0.15), view.most - view.least);
  const start = Math.min(Math.max((from + to - width) / 2, view.least), view.most - width);
  Object.assign(view, { from: start, to: start + width });
  for (const { plot } of view.charts) plot?.setScale("x", { min: view.from, max: view.to });
}

function zoom(factor) {
  const middle = (view.from + view.to) / 2, half = (view.to - view.from) / 2 / factor;
  showEnergies(middle - half, middle + half);
}

function pan(share) {
  const step = share * (view.to - view.from);
  showEnergies(view.from + step, view.to + step);
}

// An axis as all charts have it.
const axisOf = (more) => ({ font: AXIS_FONT, labelFont: AXIS_FONT, labelSize: 15, size: 42, gap: 3, stroke: ink("soft"),
  grid: { stroke: ink("grid"), width: 1 }, ticks: { show: false }, ...more });

class Chart {
  // options: title, counts and right (titles of the axes), labels (whether line groups stand above),
  // signed (whether it shows residuals), last (whether the energies are named below), describe (for screen readers)
  constructor(parent, options) {
    this.options = options;
    this.hidden = new Set();
    this.curves = [];
    this.heading = make("b", { textContent: options.title });
    this.head = make("div", { className: "chart-head", hidden: Boolean(options.signed) }, this.heading);
    this.place = make("div", { className: "plot" });
    parent.append(this.head, this.place);
    view.charts.push(this);
    new ResizeObserver(() => this.resize()).observe(this.place);
  }

  // curves: key, name, color, y over the energies x, and perhaps fill, width, dash, right (axis),
  // follows (does not set the range)
  show(x, curves) {
    Object.assign(this, { x, curves });
    this.plot?.destroy();
    this.head.querySelector("table")?.remove();
    const { labels, signed, counts, right, last } = this.options;
    const log = view.log && !signed;
    const range = (u, low, high) => rangeOf(low, high, log, signed);
    const titles = [[counts, "y", 3], [right, "right", 1]].filter(([title]) => title);
    const colorOf = (scale) => (right ? curves.find((curve) => Boolean(curve.right) === (scale === "right"))?.color : ink("soft"));
    this.plot = new uPlot({
      ...this.size(),
      padding: [labels ? LABEL_ROOM : 6, right ? 0 : this.place.clientWidth > 360 ? 57 : 10, 0, 0],
      scales: { x: { time: false, range: () => [view.from, view.to] }, y: { distr: log ? 3 : 1, range }, right: { distr: log ? 3 : 1, range } },
      series: [
        { label: "", value: (u, at) => (at === null ? "" : readingAt(at, labels)) },
        ...curves.map((curve) => ({
          label: curve.name, scale: curve.right ? "right" : "y", stroke: curve.color, fill: curve.fill, width: curve.width ?? 1.2,
          dash: curve.dash, auto: !curve.follows, show: !this.hidden.has(curve.key), points: { show: false },
          value: (u, count) => (count === null ? "" : readable(count)),
        })),
      ],
      axes: [
        axisOf({ label: last ? "energy [keV]" : undefined, size: 19, values: (u, at) => at.map((e) => +e.toFixed(3)) }),
        ...titles.map(([label, scale, side]) => axisOf({
          label, scale, side, stroke: colorOf(scale), grid: { show: side === 3, stroke: ink("grid"), width: 1 }, space: signed ? 11 : 26,
          splits: log ? (u, k, low, high) => decades(low, high) : undefined, values: (u, ticks) => ticks.map((v) => (v === null ? "" : compact(v))),
        })),
      ],
      legend: { markers: { width: 2, dash: (u, k) => (u.series[k].dash ? "dashed" : "solid") }, mount: (u, table) => this.head.append(table) },
      cursor: {
        y: false, points: { show: false }, drag: { setScale: false },
        sync: { key: "energies", scales: ["x", null], filters: { pub: (type) => /move|leave/.test(type) } },
        bind: { dblclick: () => () => showEnergies(view.least, view.most) },
      },
      hooks: {
        setSelect: [(u) => this.zoomTo(u)],
        setSeries: [(u, k, { show }) => k && show !== undefined && this.hidden[show ? "delete" : "add"](curves[k - 1].key)],
        drawAxes: [(u) => this.drawLines(u)],
      },
    }, [x, ...curves.map(({ y }) => y)], this.place);
    this.reachable();
  }

  size() {
    return { width: Math.max(this.place.clientWidth, 120), height: Math.max(this.place.clientHeight, 40) };
  }

  resize() {
    const { width, height } = this.size();
    if (this.plot && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }

  zoomTo(u) {
    const { left, width } = u.select;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width > 5) showEnergies(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
  }

  // By keys, and for those who do not see it.
  reachable() {
    const over = this.plot.over;
    over.tabIndex = 0;
    over.setAttribute("role", "img");
    over.setAttribute("aria-label", this.options.describe());
    over.addEventListener("keydown", (event) => {
      const actions = {
        ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), "+": () => zoom(1.6), "=": () => zoom(1.6),
        "-": () => zoom(1 / 1.6), 0: () => showEnergies(view.least, view.most), l: () => setLog(!view.log),
      };
      const action = actions[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
    for (const name of [...this.head.querySelectorAll(".u-series th")].slice(1)) {
      Object.assign(name, { tabIndex: 0, role: "button", title: "Show or hide" });
      name.addEventListener("keydown", (event) => event.key === "Enter" && name.click());
    }
  }

  // Lines of the picked element in full, the main lines of the others faint, names on top; peaks that
  // are no element's at the bottom.
  drawLines(u) {
    if (this.options.signed) return;
    const pen = u.ctx, scale = uPlot.pxRatio, { left, top, width, height } = u.bbox;
    const inView = (energy) => energy !== null && energy > view.from && energy < view.to;
    const at = (energy) => u.valToPos(energy, "x", true);
    const line = (x, color, thick = 1, dash = []) => {
      pen.setLineDash(dash);
      pen.strokeStyle = color;
      pen.lineWidth = thick * scale;
      pen.beginPath();
      pen.moveTo(x, top);
      pen.lineTo(x, top + height);
      pen.stroke();
    };
    pen.save();
    const picked = page.elements[state.picked];
    const groups = page.elements.filter((e) => (isShown(e) || e === picked) && inView(e.energy)).sort((a, b) => a.energy - b.energy);
    for (const group of groups) if (group !== picked) line(at(group.energy), ink("faint"));
    for (const [energy, share] of picked?.lines.filter(([energy]) => inView(energy)) || []) {
      pen.globalAlpha = 0.35 + 0.65 * Math.sqrt(share);
      line(at(energy), ink("picked"), 1.4);
    }
    pen.globalAlpha = 1;
    const marks = view.marks && this.options.labels ? page.marks.filter((mark) => inView(mark.energy)).sort((a, b) => a.energy - b.energy) : [];
    for (const mark of marks) line(at(mark.energy), ink("soft"), 0.7, [2 * scale, 3 * scale]);
    if (this.options.labels) {
      this.label(pen, this.named(groups, picked, width / scale / NAME_ROOM).map((g) => [g.label, at(g.energy), g === picked]), scale, left, width, top - 5 * scale, 1);
      this.label(pen, marks.map((mark) => [mark.label, at(mark.energy)]), scale, left, width, top + height - 4 * scale, 0);
    }
    pen.restore();
  }

  // Line groups whose names find room, by energy: the picked one, then those that are seen, the brightest first.
  named(groups, picked, room) {
    if (groups.length <= room) return groups;
    const rank = (e) => [e === picked, e.seen, e.limits.intensity.all[1]].map(Number);
    const ranked = groups.map((e) => [rank(e), e]).sort(([a], [b]) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]);
    return ranked.slice(0, Math.max(Math.floor(room), 1)).map(([, e]) => e).sort((a, b) => a.energy - b.energy);
  }

  label(pen, names, scale, left, width, y, leader) {
    const places = spread(names.map(([, x]) => x), NAME_ROOM * scale, left + 6 * scale, left + width - 6 * scale);
    names.forEach(([name, x, isPicked], k) => {
      pen.setLineDash([]);
      pen.lineWidth = scale;
      pen.strokeStyle = ink(isPicked ? "picked" : "faint");
      if (leader) {
        pen.beginPath();
        pen.moveTo(x, y + 5 * scale);
        pen.lineTo(places[k], y);
        pen.stroke();
      }
      pen.save();
      pen.translate(places[k], y);
      pen.rotate(-Math.PI / 2);
      pen.font = `${isPicked ? "bold " : ""}${(leader ? 11 : 9.5) * scale}px system-ui, sans-serif`;
      pen.textBaseline = "middle";
      pen.textAlign = "left";
      pen.fillStyle = ink(isPicked ? "picked" : leader ? "ink" : "soft");
      if (!leader) {
        pen.strokeStyle = ink("paper");
        pen.lineWidth = 3 * scale;
        pen.strokeText(name, 0, 0);
      }
      pen.fillText(name, 0, 0);
      pen.restore();
    });
  }
}

// Energy at the cursor, and the elements with a line there.
function readingAt(energy, labels) {
  const near = page.elements.filter((e) => e.lines.some(([line]) => Math.abs(line - energy) < 0.06));
  return [`${energy.toFixed(2)} keV`, ...(labels ? near.slice(0, 3).map((e) => e.label) : [])].join(" ");
}

function rangeOf(low, high, log, signed) {
  if (signed) {
    const most = Math.min(Math.max(-(low ?? 0), high ?? 0, 4), 30) * 1.08;
    return [-most, most];
  }
  const top = high > 0 ? high : 1;
  if (!log) return [0, 1.06 * top];
  // At most six decades; single counts stand above the axis.
  return [Math.max(Math.min(0.6 * (low > 0 ? low : 1), 0.5 * top), 1e-6 * top), 1.6 * top];
}

// Powers of ten within a range; 1, 2, 5 where that is less than two.
function decades(low, high) {
  const powers = [];
  for (let k = Math.ceil(Math.log10(low)); 10 ** k <= high; k++) powers.push(10 ** k);
  const first = 10 ** Math.floor(Math.log10(low));
  return powers.length > 1 ? powers : [1, 2, 5, 10, 20, 50].map((k) => k * first).filter((v) => v >= low && v <= high);
}

function compact(value) {
  if (Math.abs(value) >= 1000) return value.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 });
  return (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(0) : String(+value.toPrecision(3))).replace("-", "−");
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
