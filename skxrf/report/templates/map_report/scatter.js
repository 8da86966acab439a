// One element against another, colored by the density of pixels. A brush marks a region on the maps, and
// regions of the maps are marked in the plot.
const SCATTER_BINS = 110;
let scatter = null;

class Scatter {
  constructor(place) {
    this.place = place;
    const names = page.elements.map((e, k) => [k, e.label]);
    const axes = enlarged.chosen.filter((k) => k >= 0);
    this.axes = ["x", "y"].map((axis, n) => {
      const select = byId(`scatter-${axis}`);
      select.append(...names.map(([value, textContent]) => make("option", { value, textContent })));
      select.value = axes[n] ?? Math.min(n, names.length - 1);
      select.onchange = () => this.draw();
      return select;
    });
    new ResizeObserver(() => this.draw()).observe(place);
  }

  async draw() {
    if (!this.place.clientWidth) return;
    const [kx, ky] = this.axes.map(({ value }) => Number(value));
    const planes = await Promise.all([kx, ky].map((k) => unpack(`intensity-${k}`)));
    const ends = [kx, ky].map((k) => page.elements[k].limits.intensity.all);
    this.bins = this.binned(planes, ends);
    this.planes = planes;
    this.plot?.destroy();
    const axis = (k, side) => axisOf({ label: `${page.elements[k].label} [counts]`, side, size: side === 3 ? 42 : 22, grid: { show: false }, values: (u, ticks) => ticks.map(compact) });
    this.plot = new uPlot({
      width: this.place.clientWidth, height: Math.max(this.place.clientHeight, 120),
      scales: { x: { time: false, range: () => ends[0] }, y: { range: () => ends[1] } },
      series: [{}, { points: { show: false } }],
      axes: [axis(kx, 2), axis(ky, 3)],
      legend: { show: false },
      cursor: { drag: { x: true, y: true, setScale: false }, points: { show: false } },
      hooks: { drawAxes: [(u) => this.drawBins(u)], setSelect: [(u) => this.brush(u)] },
    }, [ends[0], ends[1]], this.place);
    this.plot.over.setAttribute("role", "img");
    this.plot.over.setAttribute("aria-label", `Scatter plot of ${page.elements[ky].label} against ${page.elements[kx].label}, a point a pixel; drag to mark its pixels on the maps.`);
  }

  // The bin of each pixel, and the number of pixels in each bin.
  binned([xs, ys], ends) {
    const [[x0, x1], [y0, y1]] = ends, at = new Int32Array(xs.length).fill(-1), counts = new Uint32Array(SCATTER_BINS ** 2);
    for (let i = 0; i < xs.length; i++) {
      const column = Math.floor((xs[i] - x0) / (x1 - x0) * SCATTER_BINS), row = Math.floor((ys[i] - y0) / (y1 - y0) * SCATTER_BINS);
      if (Number.isNaN(column + row)) continue;
      at[i] = Math.min(row, SCATTER_BINS - 1) * SCATTER_BINS + Math.min(column, SCATTER_BINS - 1);
      counts[at[i]] += 1;
    }
    return { at, counts };
  }

  drawBins(u) {
    const { at, counts } = this.bins, n = SCATTER_BINS;
    const image = new ImageData(n, n), most = Math.log(counts.reduce((a, b) => Math.max(a, b), 1) + 1), colors = grid.colors.viridis;
    const paint = (bin, [r, g, b]) => image.data.set([r, g, b, 255], 4 * ((n - 1 - Math.floor(bin / n)) * n + bin % n));
    counts.forEach((count, bin) => {
      if (!count) return;
      const shade = 3 * Math.floor(255 * Math.log(count + 1) / most);
      paint(bin, colors.slice(shade, shade + 3));
    });
    for (const { places, color } of regions) {
      const shade = rgbOf(color);
      for (const place of places) if (at[place] >= 0) paint(at[place], shade);
    }
    const canvas = make("canvas", { width: n, height: n });
    canvas.getContext("2d").putImageData(image, 0, 0);
    u.ctx.save();
    u.ctx.imageSmoothingEnabled = false;
    u.ctx.drawImage(canvas, u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.strokeStyle = ink("soft");
    u.ctx.strokeRect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.restore();
  }

  async brush(u) {
    const { left, top, width, height } = u.select;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width < 3 || height < 3) return;
    const [low, high] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")], [least, most] = [u.posToVal(top + height, "y"), u.posToVal(top, "y")];
    const [xs, ys] = this.planes;
    await addRegion(Uint8Array.from(xs, (x, i) => x >= low && x <= high && ys[i] >= least && ys[i] <= most));
  }
}
