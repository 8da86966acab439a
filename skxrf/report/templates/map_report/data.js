// What the page holds: the description of its contents, and packed arrays by the id of their element.
const page = JSON.parse(byId("report-data").textContent);
const grid = page.grid;
const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

const unpacked = new Map();
const KEPT = 400e6, AHEAD = 160e6;
let kept = 0;

// The array of an id, as a promise; the last ones used are kept, up to so many bytes.
function unpack(id) {
  let array = unpacked.get(id);
  if (array === undefined) {
    array = inflate(byId(id));
    array.then(({ byteLength }) => {
      array.bytes = byteLength;
      kept += byteLength;
      for (const [old, { bytes }] of unpacked) {
        if (kept <= KEPT) break;
        if (bytes === undefined || old === id) continue;
        kept -= bytes;
        unpacked.delete(old);
      }
    });
  } else {
    unpacked.delete(id);
  }
  unpacked.set(id, array);
  return array;
}

async function inflate(element) {
  const text = element.textContent;
  // Faster where the browser has it.
  const deflated = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const Kind = ARRAYS[element.dataset.kind];
  const width = Kind.BYTES_PER_ELEMENT;
  if (width === 1) return planes;
  // All first bytes come first, then all second ones.
  const n = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let k = 0; k < width; k++) {
    for (let i = 0, from = k * n, to = k; i < n; i++, from++, to += width) bytes[to] = planes[from];
  }
  return new Kind(bytes.buffer);
}

// Unpack what a region will need while nothing else is to be done.
async function unpackAhead() {
  const idle = () => new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done));
  for (const { id, textContent: { length } } of document.querySelectorAll("script[data-kind]")) {
    if (kept + 8 * length > AHEAD) return;
    await idle();
    await unpack(id);
  }
}

// Where in a map's array a pixel of the scan is.
function placeInPlane(row, column) {
  const r = Math.floor(row / grid.side), c = Math.floor(column / grid.side);
  return r * grid.planeColumns + c;
}

// Values of one kind of map at a pixel, an array over the elements; NaN where there is none.
async function valuesAt(kind, row, column) {
  const place = placeInPlane(row, column);
  const planes = await Promise.all(page.elements.map((_, k) => unpack(`${kind}-${k}`)));
  return planes.map((plane) => plane[place]);
}

// Where the squares of a tile are: rows, columns, the number of the tile's squares.
function tileAt(tile) {
  const { tile: side, rows, columns } = page.spectra;
  const across = Math.ceil(columns / side);
  const row = Math.floor(tile / across) * side, column = (tile % across) * side;
  const width = Math.min(side, columns - column), height = Math.min(side, rows - row);
  return { row, column, width, size: width * height };
}

// Sums over squares of a tile, of an array that holds value by value all squares.
function sumOver(array, size, places) {
  const sums = new Float64Array(array.length / size);
  for (let k = 0, from = 0; k < sums.length; k++, from += size) {
    for (const place of places) sums[k] += array[from + place];
  }
  return sums;
}

function addTo(sums, values, from = 0) {
  for (let k = 0; k < sums.length; k++) sums[k] += values[from + k];
}

// Counts summed over squares of pixels, given by their places row by row, and the sum of their fits.
// Tiles that are covered whole are summed already.
async function spectrumOf(squares) {
  const held = page.spectra, across = Math.ceil(held.columns / held.tile);
  const counts = new Float64Array(held.binEnergy.length), amplitudes = new Float64Array(held.fit?.names.length ?? 0);
  const tiles = new Map();
  let inSquares = 0;
  for (const square of squares) {
    const r = Math.floor(square / held.columns), c = square % held.columns;
    inSquares += Math.min(held.side, grid.rows - r * held.side) * Math.min(held.side, grid.columns - c * held.side);
    const tile = Math.floor(r / held.tile) * across + Math.floor(c / held.tile);
    const { row, column, width } = tileAt(tile);
    if (!tiles.has(tile)) tiles.set(tile, []);
    tiles.get(tile).push((r - row) * width + c - column);
  }
  await Promise.all([...tiles].flatMap(([tile, places]) => ["counts", held.fit && "amplitudes"].filter(Boolean).map(async (kind) => {
    const sums = kind === "counts" ? counts : amplitudes, { size } = tileAt(tile);
    if (places.length === size && size > 1) addTo(sums, await unpack(`${kind}-sums`), tile * sums.length);
    else addTo(sums, sumOver(await unpack(`${kind}-${tile}`), size, places));
  })));
  return { counts, inSquares, fit: held.fit ? await fittedSpectrum(amplitudes) : null };
}

// The spectrum of the square of pixels that a pixel lies in.
const squareAt = (row, column) => Math.floor(row / page.spectra.side) * page.spectra.columns + Math.floor(column / page.spectra.side);
const spectrumAt = (row, column) => spectrumOf([squareAt(row, column)]);

// The whole fit, and the part of each line group by its name.
async function fittedSpectrum(amplitudes) {
  const components = await unpack("components");
  const { names, first, last } = page.spectra.fit;
  const nBins = page.spectra.binEnergy.length;
  const total = new Array(nBins).fill(null).fill(0, first, last);
  const parts = {};
  names.forEach((name, k) => {
    const part = new Float64Array(nBins);
    for (let i = first; i < last; i++) {
      part[i] = amplitudes[k] * components[k * nBins + i];
      total[i] += part[i];
    }
    if (name) parts[name] = part;
  });
  return { total, parts };
}

// Counts for readers: whole from 100 up, else three digits.
function readable(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const options = size >= 99.95 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return value.toLocaleString("en-US", options).replace("-", "−");
}

// A value and its standard error, both to the second digit of the error.
function withError(value, error) {
  if (!Number.isFinite(value)) return ["–", ""];
  if (!Number.isFinite(error) || error <= 0) return [readable(value), ""];
  const decimals = Math.min(Math.max(1 - Math.floor(Math.log10(error)), 0), 4);
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const text = (number) => number.toLocaleString("en-US", options).replace("-", "−");
  return [text(value), `± ${text(error)}`];
}

// Where a pixel is, in millimeters where they are known, and its row and column.
function whereIs(row, column) {
  const indices = `row ${row}, column ${column}`;
  if (grid.unit === "px") return indices;
  const x = grid.x0 + column * grid.stepX, y = grid.y0 + row * grid.stepY;
  return `x ${readable(x)} ${grid.unit}, y ${readable(y)} ${grid.unit} (${indices})`;
}

function byId(id) {
  return document.getElementById(id);
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Offer a file to save.
function download(name, content, type) {
  const link = make("a", { download: `${page.title.replace(/[^\w.-]+/g, "_")}_${name}`, href: URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Rows of a table as comma-separated text.
function csv(rows) {
  const cell = (value) => (typeof value === "number" ? (Number.isFinite(value) ? String(+value.toPrecision(7)) : "") : /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
