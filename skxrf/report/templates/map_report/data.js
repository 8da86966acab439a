// What the page holds: the description of its contents, and packed arrays by the id of their element.
const page = JSON.parse(document.getElementById("report-data").textContent);
const grid = page.grid;
const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

const unpacked = new Map();
const KEPT = 400;

// The array of an id, as a promise; the last ones used are kept.
function unpack(id) {
  let array = unpacked.get(id);
  if (array === undefined) {
    array = inflate(document.getElementById(id));
    if (unpacked.size >= KEPT) unpacked.delete(unpacked.keys().next().value);
  } else {
    unpacked.delete(id);
  }
  unpacked.set(id, array);
  return array;
}

async function inflate(element) {
  const text = atob(element.textContent);
  const deflated = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) deflated[i] = text.charCodeAt(i);
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

// Counts of the square of pixels that a pixel lies in, and the amplitudes of their fit.
async function spectrumAt(row, column) {
  const held = page.spectra;
  const r = Math.floor(row / held.side), c = Math.floor(column / held.side);
  const tilesAcross = Math.ceil(held.columns / held.tile);
  const tileRow = Math.floor(r / held.tile), tileColumn = Math.floor(c / held.tile);
  const height = Math.min(held.tile, held.rows - tileRow * held.tile);
  const width = Math.min(held.tile, held.columns - tileColumn * held.tile);
  const tile = tileRow * tilesAcross + tileColumn;
  const nPixels = height * width;
  const place = (r - tileRow * held.tile) * width + (c - tileColumn * held.tile);
  const every = (array) => {
    const values = new Float64Array(array.length / nPixels);
    for (let k = 0; k < values.length; k++) values[k] = array[k * nPixels + place];
    return values;
  };
  const counts = every(await unpack(`counts-${tile}`));
  const inSquare = Math.min(held.side, grid.rows - r * held.side)
    * Math.min(held.side, grid.columns - c * held.side);
  if (!held.fit) return { counts, inSquare, fit: null };
  const amplitudes = every(await unpack(`amplitudes-${tile}`));
  return { counts, inSquare, fit: await fittedSpectrum(amplitudes) };
}

// The whole fit, and the part of each line group by its name.
async function fittedSpectrum(amplitudes) {
  const components = await unpack("components");
  const { names, first, last } = page.spectra.fit;
  const nBins = page.spectra.binEnergy.length;
  const total = new Float64Array(nBins).fill(NaN);
  total.fill(0, first, last);
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

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
