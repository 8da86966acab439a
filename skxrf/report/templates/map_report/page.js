// Puts the page together: controls, order and choice of maps, the first pixel.
const ORDERS = {
  given: (a, b) => a.place - b.place,
  number: (a, b) => (a.element.number ?? 999) - (b.element.number ?? 999) || ORDERS.energy(a, b),
  energy: (a, b) => (a.element.energy ?? 999) - (b.element.energy ?? 999) || ORDERS.given(a, b),
  total: (a, b) => b.element.limits.intensity.all[1] - a.element.limits.intensity.all[1],
  ssim: (a, b) => (a.element.ssim ?? 9) - (b.element.ssim ?? 9) || ORDERS.given(a, b),
};

// Names that hold one of the words; "Fe K", "fe_k" and "FeK" are the same.
function wanted() {
  const plain = (text) => text.toLowerCase().replace(/[\s_-]/g, "");
  const words = byId("filter").value.split(/[,;]/).map(plain).filter(Boolean);
  return (name) => !words.length || words.some((word) => plain(name).startsWith(word));
}

let ownColumns = null;

function arrange() {
  const isWanted = wanted();
  // What is looked for by its name is found, detected or not.
  const isNamed = byId("filter").value.trim() !== "";
  const order = [...cards].sort(ORDERS[byId("sort").value]);
  byId("maps").append(...order.map(({ card }) => card));
  let n = 0;
  for (const { card, element } of order) {
    card.hidden = !isWanted(element.name) || !(isNamed || isShown(element));
    n += !card.hidden;
  }
  for (const part of document.querySelectorAll(".comparison, #element-table tbody tr, #score-table tbody tr")) {
    part.hidden = !isWanted(part.dataset.name);
  }
  byId("none").hidden = n > 0;
  const columns = ownColumns ?? bestColumns(Math.max(n, 1));
  byId("columns").value = 9 - columns;
  layOut(columns);
}

function listenToControls() {
  byId("filter").addEventListener("input", arrange);
  byId("sort").addEventListener("change", arrange);
  byId("colors").addEventListener("change", (event) => { state.colors = event.target.value; drawMaps(); });
  byId("range").addEventListener("change", (event) => { state.range = event.target.value; drawMaps(); });
  byId("group")?.addEventListener("change", (event) => { state.group = event.target.value; arrange(); choose(state.row, state.column); });
  byId("kind")?.addEventListener("change", (event) => { state.kind = event.target.value; drawMaps(); });
  byId("columns").addEventListener("input", (event) => { ownColumns = 9 - event.target.value; arrange(); });
  byId("log")?.addEventListener("change", (event) => setLog(event.target.checked));
  byId("zoom-in")?.addEventListener("click", () => zoom(1.6));
  byId("zoom-out")?.addEventListener("click", () => zoom(1 / 1.6));
  byId("zoom-all")?.addEventListener("click", () => showEnergies(view.least, view.most));
  byId("marks")?.addEventListener("change", (event) => { view.marks = event.target.checked; redraw(); });
  byId("show-scatter").addEventListener("click", showScatter);
  window.addEventListener("resize", () => { arrange(); enlarged.moveTo(enlarged.x, enlarged.y); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { redo(); scatter?.draw(); });
  // Prints are light, and as wide as the paper.
  for (const [name, printing] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(name, () => { document.documentElement.classList.toggle("printing", printing); redo(); });
  }
}

// The scatter plot takes the place of the spectra of the whole scan.
function showScatter() {
  const wanted = document.documentElement.classList.toggle("with-scatter");
  byId("scatter").hidden = !wanted;
  byId("show-scatter").setAttribute("aria-pressed", String(wanted));
  if (wanted) scatter ??= new Scatter(byId("scatter-plot"));
}

async function start() {
  document.documentElement.style.setProperty("--aspect", ASPECT);
  document.documentElement.classList.toggle("one-pixel", grid.rows * grid.columns === 1);
  makeCards();
  makeComparisons();
  makeCharts();
  enlarged.make();
  listenToControls();
  listenToRegions();
  // A mouse draws regions at once; a finger scrolls until it is told to.
  setTool(matchMedia("(pointer: coarse)").matches ? "move" : "rectangle");
  arrange();
  await makePaints();
  await drawMaps();
  arrange();
  await choose(...page.start);
  document.documentElement.classList.add("ready");
  unpackAhead();
}

// For those who want the numbers in the browser's console.
window.mapReport = { page, state, view, regions, choose, spectrumAt, valuesAt, showEnergies, addRegion, maskOf, maskBetween };

start().catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  byId("problem").textContent = old
    ? "This browser is too old to unpack the page's data: use one of 2023 or later."
    : `The page could not be drawn: ${error.message}`;
  byId("problem").hidden = false;
  if (!old) throw error;
});
