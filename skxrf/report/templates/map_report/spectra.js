// The charts of the scan and of a pixel or regions, and the values of the chosen pixel.
let paintingChart = null, pixelChart = null, residuals = null;
let shown = null;

function makeCharts() {
  const held = page.spectra;
  if (!held) return;
  const energy = held.energy;
  view.least = Math.max(energy[0], 0);
  view.most = energy[energy.length - 1];
  view.from = view.least;
  view.to = lastUseful(energy, held.sum);
  paintingChart = new Chart(byId("painting-chart"), {
    title: "Whole scan", labels: true, last: true, counts: "counts, sum", right: "counts, maximum",
    describe: () => `Sum and maximum-pixel spectrum from ${readable(view.least)} to ${readable(view.most)} keV, with the lines of ${page.elements.filter((e) => isShown(e) && e.energy !== null).map((e) => e.label).join(", ")}. Arrow keys move, plus and minus zoom.`,
  });
  pixelChart = new Chart(byId("pixel-chart"), {
    title: "Pixel", counts: "counts", last: !held.fit,
    describe: () => `Spectrum of the chosen ${active === null ? "pixel" : "regions"}${held.fit ? " and its fit" : ""}. Arrow keys move, plus and minus zoom.`,
  });
  if (held.fit) {
    residuals = new Chart(byId("residual-chart"), {
      title: "Counts less fit", counts: "residual [σ]", signed: true, last: true, describe: () => "Counts less fit, in units of the square root of the fit.",
    });
  }
  paintingChart.redo = () => paintingChart.show(energy, [
    { key: "sum", name: "sum", color: ink("sum"), y: held.sum },
    { key: "maximum", name: "maximum pixel", color: ink("maximum"), y: held.maximum, right: true },
  ]);
  pixelChart.redo = () => (active === null ? drawPixelChart() : showRegions(regions, active));
  paintingChart.redo();
}

// Where the sum spectrum ends: beyond, there are next to no counts.
function lastUseful(energy, sum) {
  const all = sum.reduce((a, b) => a + b, 0);
  let beyond = 0, k = sum.length - 1;
  while (k > 0 && beyond + sum[k] < 2e-4 * all) beyond += sum[k--];
  return Math.min(energy[k] + 0.03 * (energy[k] - energy[0]), energy[energy.length - 1]);
}

function drawPixelChart() {
  if (!shown || !pixelChart) return;
  const { counts, inSquares, fit } = shown;
  const title = inSquares > 1 ? "Square of pixels" : "Pixel";
  drawSpectra(title, "counts", [
    { key: "counts", name: inSquares > 1 ? `sum of ${inSquares} pixels` : "counts", color: ink("counts"), fill: ink("counts-fill"), width: 0.9, y: counts },
    { key: "mean", name: "mean of all", color: ink("soft"), width: 1, dash: [3, 2], follows: true, y: meanSpectrum(inSquares) },
  ], counts, fit, 1);
}

// Mean spectra of all regions, and of the chosen one the fit.
function drawRegionChart(all, chosen) {
  const { spectrum: { counts, inSquares, fit } } = all[chosen];
  drawSpectra(all.length > 1 ? "Regions" : "Region", "counts per pixel", all.map(({ spectrum, name, color }, k) => (
    { key: `region-${k}`, name, color, width: k === chosen ? 1.5 : 1.1, y: spectrum.counts.map((v) => v / spectrum.inSquares) }
  )), counts, fit, inSquares);
}

// Curves with the fit of one spectrum: all in it, the part of the picked element, and what is left.
function drawSpectra(title, counted, curves, counts, fit, pixels) {
  const x = page.spectra.binEnergy, each = (values) => Array.from(values, (v) => (v === null ? null : v / pixels));
  const picked = page.elements[state.picked], part = fit?.parts[picked.name];
  if (part) curves.push({ key: "part", name: `${picked.label} in the fit`, color: ink("picked"), fill: ink("picked-fill"), follows: true, y: each(part) });
  if (fit) curves.push({ key: "fit", name: "fit", color: ink("fit"), width: 1.5, follows: true, y: each(fit.total) });
  pixelChart.heading.textContent = title;
  pixelChart.options.counts = counted;
  pixelChart.show(x, curves);
  residuals?.show(x, [{ key: "residual", name: "difference", color: ink("counts"), fill: ink("counts-fill"),
    y: fit.total.map((v, k) => (v > 0 ? (counts[k] - v) / Math.sqrt(Math.max(v, 1)) : v === null ? null : 0)) }]);
}

// The mean of all pixels, on the bins and for the number of pixels of a square.
function meanSpectrum(inSquare) {
  const held = page.spectra;
  const mean = new Float64Array(held.binEnergy.length);
  held.sum.forEach((count, k) => {
    mean[Math.floor(k / held.joined)] += count * inSquare / held.pixels;
  });
  return mean;
}

let asked = 0;

// Choose a pixel, and perhaps an element: every part of the page follows.
async function choose(row, column, picked = state.picked) {
  const mine = ++asked;
  Object.assign(state, { row, column, picked });
  placeCross("at", row, column);
  document.documentElement.classList.add("chosen");
  markPicked();
  const [values, errors, spectrum] = await Promise.all([
    valuesAt("intensity", row, column),
    page.kinds.includes("uncertainty") ? valuesAt("uncertainty", row, column) : null,
    page.spectra ? spectrumAt(row, column) : null,
  ]);
  // A later choice has overtaken this one.
  if (mine !== asked) return;
  document.getElementById("pixel-title").textContent = `Pixel at ${whereIs(row, column)}`;
  listValues(values, errors);
  shown = spectrum;
  active = null;
  showRegions(regions, null);
  drawPixelChart();
  redraw();
  document.documentElement.dataset.chosen = `${row},${column}`;
}

// Choose an element, for the pixel or region that is shown.
function pick(element) {
  if (active === null) return choose(state.row, state.column, element);
  state.picked = element;
  markPicked();
  showRegions(regions, active);
  redraw();
}

function markPicked() {
  const element = page.elements[state.picked];
  for (const { card, place } of cards) card.classList.toggle("picked", place === state.picked);
  byId("threshold-name").textContent = element.label;
  sayEvidence(element);
}

function listValues(values, errors) {
  const list = document.getElementById("values");
  list.replaceChildren(...page.elements.map((element, k) => {
    const error = errors ? errors[k] : NaN;
    const [value, spreadText] = withError(values[k], error);
    cards[k].value.replaceChildren(value, make("span", { className: "error", textContent: ` ${spreadText}` }));
    const item = make("li", { title: `${element.label}: ${value} ${spreadText} counts` },
      make("button", { type: "button", textContent: element.label, onclick: () => pick(k) }),
      make("span", { className: "number", textContent: value }), make("span", { className: "error", textContent: spreadText }));
    const top = element.limits.intensity.all[1];
    item.style.setProperty("--share", `${100 * Math.min(Math.max(values[k] / top, 0), 1) || 0}%`);
    item.classList.toggle("unseen-element", errors !== null && !(values[k] > 3 * error));
    item.hidden = !(isShown(element) || k === state.picked);
    item.classList.toggle("picked", k === state.picked);
    return item;
  }));
}

// What speaks for and against an element.
function sayEvidence({ label, evidence }) {
  const said = byId("evidence");
  said.hidden = !evidence;
  if (!evidence) return;
  const { answer, significance, reason, competitor, limit_counts: inSum, limit_per_pixel: inPixel } = evidence;
  const limit = Number.isFinite(inPixel) ? `${readable(inPixel)} counts a pixel` : Number.isFinite(inSum) && `${readable(inSum)} counts in the sum`;
  // The reason of a line group that is present begins with its significance.
  const parts = [reason && reason.replace(/^\d+ standard errors(; )?/, ""), competitor && `could be ${competitor}`, Number.isFinite(significance) && `${readable(significance)} standard errors ${reason?.startsWith("seen in") ? "there" : "in the sum spectrum"}`,
    limit && `limit of detection ${limit}`].filter(Boolean);
  said.replaceChildren(make("b", { textContent: `${label}: ${origin(answer)}` }), parts.length ? `. ${parts.join("; ")}.` : ".");
}

// Answer of a search for an element, in words: one that is none of these names the origin of the signal.
const origin = (answer) => (["present", "not seen"].includes(answer) ? answer : `not of the object, but ${answer}`);

function setLog(log) {
  view.log = log;
  byId("log").checked = log;
  redo();
}

const redo = () => view.charts.forEach((chart) => chart.redo?.());
