// Regions of the maps: drawn, above a threshold, of a paint, or brushed in the scatter plot; their spectra,
// means and files. A mask holds 1 for each pixel of the planes that belongs to its region.
const regions = [];
const REGION_COLORS = ["#1e90ff", "#e8308c", "#3aa655", "#b8641c", "#8e5be8", "#00a3a3", "#c9a400", "#7f8c99"];
const rgbOf = (color) => [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
let active = null, drawn = 0;

// Pixels within a polygon of rows and columns.
function maskOf(corners) {
  const canvas = make("canvas", { width: grid.planeColumns, height: grid.planeRows });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.beginPath();
  for (const [row, column] of corners) pen.lineTo(column / grid.side, row / grid.side);
  pen.fill();
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data, mask = new Uint8Array(canvas.width * canvas.height);
  for (let k = 0; k < mask.length; k++) mask[k] = pixels[4 * k + 3] >> 7;
  return mask;
}

// Pixels whose values of an element lie between two limits.
async function maskBetween(k, low, high) {
  return Uint8Array.from(await unpack(`intensity-${k}`), (value) => value >= low && value <= high);
}

// Squares of spectra whose middle lies in a mask; of a region that is smaller, the one that it lies in.
function squaresOf(mask, places) {
  const held = page.spectra, squares = [];
  for (let r = 0; r < held.rows; r++) {
    const row = Math.min(r * held.side + (held.side >> 1), grid.rows - 1);
    for (let c = 0; c < held.columns; c++) {
      const column = Math.min(c * held.side + (held.side >> 1), grid.columns - 1);
      if (mask[placeInPlane(row, column)]) squares.push(r * held.columns + c);
    }
  }
  const [first] = places;
  return squares.length ? squares : [squareAt(Math.floor(first / grid.planeColumns) * grid.side, first % grid.planeColumns * grid.side)];
}

// Mean of each element over some places, and the standard error of that mean by those of its pixels.
async function meansOver(places) {
  const withErrors = page.kinds.includes("uncertainty");
  return Promise.all(page.elements.map(async (_, element) => {
    const values = await unpack(`intensity-${element}`), errors = withErrors ? await unpack(`uncertainty-${element}`) : null;
    let n = 0, sum = 0, squares = 0;
    for (let k = 0; k < places.length; k++) {
      const place = places[k];
      if (!Number.isFinite(values[place])) continue;
      n += 1;
      sum += values[place];
      if (errors) squares += errors[place] * errors[place];
    }
    return { mean: n ? sum / n : NaN, error: errors && n ? Math.sqrt(squares) / n : NaN };
  }));
}

async function measured(mask) {
  const places = new Uint32Array(mask.reduce((n, inside) => n + inside, 0));
  for (let place = 0, n = 0; n < places.length; place++) if (mask[place]) places[n++] = place;
  if (!places.length) return null;
  const squares = page.spectra ? squaresOf(mask, places) : null;
  const [means, spectrum] = await Promise.all([meansOver(places), squares && spectrumOf(squares)]);
  return { mask, places, pixels: pixelsIn(places), squares: squares?.length, means, spectrum };
}

// Pixels of the scan in places of the planes.
function pixelsIn(places) {
  if (grid.side === 1) return places.length;
  return places.reduce((n, place) => n + Math.min(grid.side, grid.rows - Math.floor(place / grid.planeColumns) * grid.side)
    * Math.min(grid.side, grid.columns - place % grid.planeColumns * grid.side), 0);
}

let pending = null, busy = false, outlines = 0;

// Show a region while it is drawn: the latest outline as soon as the one before it is done.
async function trial(mask) {
  pending = mask;
  if (!mask) outlines += 1;
  if (busy || !mask) return;
  busy = true;
  for (let of = outlines; pending && of === outlines;) {
    const latest = pending;
    pending = null;
    const found = await measured(latest);
    if (found && of === outlines) showRegions([...regions, { ...found, name: "New region", color: nextColor() }], regions.length);
    await new Promise(requestAnimationFrame);
  }
  busy = false;
}

const nextColor = () => REGION_COLORS[drawn % REGION_COLORS.length];

async function addRegion(mask, name = null) {
  trial(null);
  const found = await measured(mask);
  if (!found) {
    byId("region-note").textContent = "There is no pixel in this region.";
    return showRegions(regions, active);
  }
  byId("region-note").textContent = "";
  const color = nextColor();
  drawn += 1;
  regions.push({ ...found, name: name ?? `Region ${drawn}`, color });
  active = regions.length - 1;
  drawOverlay();
  showRegions(regions, active);
  return regions[active];
}

function removeRegion(k) {
  regions.splice(k, 1);
  active = regions.length ? Math.min(active ?? 0, regions.length - 1) : null;
  drawOverlay();
  if (regions.length) showRegions(regions, active);
  else choose(state.row, state.column);
}

// Outlines in full color, insides faint, as one picture for all maps.
function drawOverlay() {
  const canvas = make("canvas", { width: grid.planeColumns, height: grid.planeRows });
  const pen = canvas.getContext("2d"), image = pen.createImageData(canvas.width, canvas.height);
  const { width, height } = canvas, reach = Math.ceil(width / 260);
  for (const { mask, places, color } of regions) {
    const shade = rgbOf(color);
    for (const place of places) {
      const row = Math.floor(place / width), column = place % width;
      const isEdge = row < reach || column < reach || row >= height - reach || column >= width - reach
        || !(mask[place - reach * width] && mask[place + reach * width] && mask[place - reach] && mask[place + reach]);
      const at = 4 * place;
      image.data[at] = shade[0]; image.data[at + 1] = shade[1]; image.data[at + 2] = shade[2]; image.data[at + 3] = isEdge ? 255 : 60;
    }
  }
  pen.putImageData(image, 0, 0);
  const picture = regions.length ? canvas.toDataURL() : "";
  for (const { overlay } of views) {
    overlay.hidden = !regions.length;
    if (regions.length) overlay.src = picture;
  }
  scatter?.draw();
}

// List, table and spectra of regions; the chosen one has its fit and residuals drawn.
function showRegions(all, chosen) {
  const panel = byId("regions");
  panel.hidden = !all.length;
  document.documentElement.classList.toggle("of-region", all.length > 0 && chosen !== null);
  if (!all.length) return;
  byId("region-list").replaceChildren(...all.map((region, k) => {
    const name = make("button", { type: "button", textContent: `${region.name} · ${region.pixels.toLocaleString("en-US")} px`, onclick: () => { active = k; showRegions(regions, k); } });
    name.setAttribute("aria-pressed", String(k === chosen));
    const gone = make("button", { type: "button", className: "gone", textContent: "×", title: `Remove ${region.name}`, onclick: () => removeRegion(k) });
    gone.setAttribute("aria-label", gone.title);
    const item = make("li", {}, name, gone);
    item.style.setProperty("--swatch", region.color);
    return item;
  }));
  byId("region-table").replaceChildren(...regionRows(all));
  if (chosen === null) return;
  const { spectrum, squares } = all[chosen];
  byId("region-spectra").textContent = spectrum && page.spectra.side > 1 ? `Spectra: of ${squares.toLocaleString("en-US")} squares of ${page.spectra.side} × ${page.spectra.side} pixels whose middle lies inside.` : "";
  if (spectrum) drawRegionChart(all, chosen);
}

function regionRows(all) {
  const cell = (text, more = {}) => make("td", { textContent: text, ...more });
  const heads = all.map((region) => {
    const head = make("th", { scope: "col", textContent: region.name });
    head.style.setProperty("--swatch", region.color);
    return head;
  });
  const body = page.elements.map((element, k) => [element, make("tr", {}, make("th", { scope: "row", textContent: element.label }),
    ...all.map(({ means }) => cell(withError(means[k].mean, means[k].error).join(" "))))]).filter(([element], k) => isShown(element) || k === state.picked);
  return [make("thead", {}, make("tr", {}, make("th", { textContent: "mean [counts]" }), ...heads)), make("tbody", {}, ...body.map(([, row]) => row))];
}

function saveMeans() {
  const heads = regions.flatMap(({ name }) => [`${name} mean [counts]`, `${name} standard error [counts]`]);
  const rows = page.elements.map((element, k) => [element.name, ...regions.flatMap(({ means }) => [means[k].mean, means[k].error])]);
  download("regions.csv", csv([["element", ...heads], ["pixels", ...regions.flatMap(({ pixels }) => [pixels, NaN])], ...rows]), "text/csv");
}

function saveSpectra() {
  const held = page.spectra;
  const columns = regions.flatMap(({ name, spectrum: { counts, inSquares, fit } }) => [
    [`${name} [counts per pixel]`, (k) => counts[k] / inSquares],
    ...(fit ? [[`${name} fit [counts per pixel]`, (k) => (fit.total[k] === null ? NaN : fit.total[k] / inSquares)]] : []),
  ]);
  download("spectra.csv", csv([["energy [keV]", ...columns.map(([name]) => name)], ...held.binEnergy.map((energy, k) => [energy, ...columns.map(([, of]) => of(k))])]), "text/csv");
}

// The chosen region as zeros and ones in an uncompressed TIFF with ImageJ's Info, as save_maps writes maps.
function saveMask() {
  const { mask, name } = regions[active ?? regions.length - 1];
  const { rows, columns } = grid, title = name.replaceAll(" ", "_"), text = (words) => [...new TextEncoder().encode(words)];
  const description = text(`ImageJ=1.54\nimages=1\nTitle=${title}\n\0`);
  const about = [...'{"program": "skxrf"}'].flatMap((letter) => [letter.charCodeAt(0), 0]);
  const info = [...text("JIJIofni"), 1, 0, 0, 0, ...about];
  // Header and twelve tags of one image, then what the tags point to.
  const counts = 8 + 2 + 12 * 12 + 4, words = counts + 8, more = words + description.length, start = more + info.length;
  const file = new DataView(new ArrayBuffer(start + rows * columns)), bytes = new Uint8Array(file.buffer);
  const short = (at, value) => file.setUint16(at, value, true), long = (at, value) => file.setUint32(at, value, true);
  bytes.set(text("II*"));
  long(4, 8);
  short(8, 12);
  [[256, 4, columns], [257, 4, rows], [258, 3, 8], [259, 3, 1], [262, 3, 1], [270, 2, words, description.length], [273, 4, start], [277, 3, 1],
    [278, 4, rows], [279, 4, rows * columns], [50838, 4, counts, 2], [50839, 1, more, info.length]].forEach(([tag, type, value, count = 1], k) => {
    short(10 + 12 * k, tag);
    short(12 + 12 * k, type);
    long(14 + 12 * k, count);
    long(18 + 12 * k, value);
  });
  long(counts, 12);
  long(counts + 4, about.length);
  bytes.set(description, words);
  bytes.set(info, more);
  for (let row = 0, at = start; row < rows; row++) {
    for (let column = 0; column < columns; column++) bytes[at++] = mask[placeInPlane(row, column)];
  }
  download(`${title}.tif`, file.buffer, "image/tiff");
}

function listenToRegions() {
  byId("save-means").onclick = saveMeans;
  if (page.spectra) byId("save-spectra").onclick = saveSpectra;
  byId("save-mask").onclick = saveMask;
  byId("clear-regions").onclick = () => { regions.splice(1); removeRegion(0); };
  for (const tool of document.querySelectorAll("[name=tool]")) {
    tool.addEventListener("change", () => setTool(tool.value));
  }
  byId("threshold").addEventListener("submit", async (event) => {
    event.preventDefault();
    const low = byId("from").value, high = byId("to").value, element = page.elements[state.picked];
    const name = `${element.label} ${low && high ? `${low} to ${high}` : high ? `≤ ${high}` : `≥ ${low}`}`;
    if (low || high) await addRegion(await maskBetween(state.picked, low ? Number(low) : -Infinity, high ? Number(high) : Infinity), name);
  });
}

function setTool(tool) {
  state.tool = tool;
  document.documentElement.classList.toggle("selecting", tool !== "move");
  document.querySelector(`[name=tool][value=${tool}]`).checked = true;
}
