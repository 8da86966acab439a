// The two charts, and the values of the chosen pixel.
let paintingChart = null, pixelChart = null;
let shown = null;

function makeCharts() {
  const held = page.spectra;
  if (!held) return;
  const energy = held.energy;
  view.least = Math.max(energy[0], 0);
  view.most = energy[energy.length - 1];
  view.from = view.least;
  view.to = lastUseful(energy, held.sum);
  paintingChart = new Chart(document.getElementById("painting-chart"), {
    title: "Whole scan", labels: true,
    describe: () => `Sum and maximum-pixel spectrum from ${readable(view.least)} to ${readable(view.most)} keV, with the lines of ${page.elements.filter((e) => isShown(e) && e.energy !== null).map((e) => e.label).join(", ")}. Arrow keys move, plus and minus zoom.`,
  });
  pixelChart = new Chart(document.getElementById("pixel-chart"), {
    title: "Pixel", labels: false,
    describe: () => `Spectrum of the chosen pixel${held.fit ? " and its fit" : ""}. Arrow keys move, plus and minus zoom.`,
  });
  paintingChart.show([
    { key: "sum", name: "sum", color: "#0072b2", x: energy, y: held.sum },
    { key: "maximum", name: "maximum pixel", color: "#c04f00", x: energy, y: held.maximum, right: true },
  ]);
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
  const held = page.spectra, x = held.binEnergy;
  const { counts, inSquare, fit } = shown;
  const curves = [{ key: "counts", name: inSquare > 1 ? `sum of ${inSquare} pixels` : "counts", color: "#616d78", fill: "rgba(63, 73, 83, 0.13)", width: 0.9, x, y: counts, least: 0.8 }];
  const picked = page.elements[state.picked];
  curves.push({ key: "mean", name: "mean of all", color: "#8b97a2", width: 1, smooth: true, dash: [3, 2], x, y: meanSpectrum(inSquare) });
  if (fit) {
    const part = fit.parts[picked.name];
    if (part) curves.push({ key: "part", name: `${picked.label} in the fit`, color: PICKED, fill: "rgba(0, 158, 115, 0.38)", smooth: true, x, y: part });
    curves.push({ key: "fit", name: "fit", color: "#d55e00", width: 1.5, smooth: true, x, y: fit.total });
  }
  pixelChart.heading.textContent = inSquare > 1 ? "Square of pixels" : "Pixel";
  pixelChart.show(curves);
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
  for (const { card, place } of cards) card.classList.toggle("picked", place === picked);
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
  drawPixelChart();
  redraw();
  document.documentElement.dataset.chosen = `${row},${column}`;
}

function listValues(values, errors) {
  const list = document.getElementById("values");
  list.replaceChildren(...page.elements.map((element, k) => {
    const error = errors ? errors[k] : NaN;
    const [value, spreadText] = withError(values[k], error);
    cards[k].value.replaceChildren(value, make("span", { className: "error", textContent: ` ${spreadText}` }));
    const item = make("li", { title: `${element.label}: ${value} ${spreadText} counts` },
      make("button", { type: "button", textContent: element.label, onclick: () => choose(state.row, state.column, k) }),
      make("span", { className: "number", textContent: value }), make("span", { className: "error", textContent: spreadText }));
    const top = element.limits.intensity.all[1];
    item.style.setProperty("--share", `${100 * Math.min(Math.max(values[k] / top, 0), 1) || 0}%`);
    item.classList.toggle("unseen-element", errors !== null && !(values[k] > 3 * error));
    item.hidden = !(isShown(element) || k === state.picked);
    item.classList.toggle("picked", k === state.picked);
    return item;
  }));
}

function setLog(log) {
  view.log = log;
  document.getElementById("log").checked = log;
  redraw();
}
