// Paints: clusters of pixels with alike spectra, as a map, a table and their mean spectra.
const NO_PAINT = 255;
const paintName = (paint) => (paint === NO_PAINT || paint === undefined ? "none of the paints" : page.paints.names[paint]);

async function makePaints() {
  if (!page.paints) return;
  const map = new MapView(() => ({ kind: "paint", element: null }), { plain: true });
  byId("paint-map").append(map.frame);
  const { spectra, fits, energy, names, colors } = page.paints;
  for (const [paint, row] of [...byId("paint-table").tBodies[0].rows].entries()) {
    row.style.setProperty("--swatch", `rgb(${colors[paint]})`);
    row.querySelector("button").onclick = () => selectPaintOf(paint);
  }
  if (!spectra) return;
  if (!page.spectra) Object.assign(view, { least: energy[0], most: energy.at(-1), from: energy[0], to: energy.at(-1) });
  const chart = new Chart(byId("paint-chart"), { title: "Mean spectra", counts: "counts per pixel", labels: true, last: true, describe: () => `Mean spectra of ${names.join(", ")}.` });
  const most = Math.max(...spectra.flat());
  const series = spectra.flatMap((y, k) => {
    const color = `rgb(${colors[k]})`;
    return [{ key: `paint-${k}`, name: names[k], color, y: y.map((v) => (v > 1e-5 * most ? v : null)) },
      ...(fits ? [{ key: `fit-${k}`, name: `fit ${k + 1}`, color, dash: [4, 3], follows: true, y: fits[k] }] : [])];
  });
  chart.redo = () => chart.show(energy, series);
  chart.redo();
}

async function selectPaint(row, column) {
  const paint = (await unpack("paint-0"))[placeInPlane(row, column)];
  if (paint !== NO_PAINT) await selectPaintOf(paint);
}

async function selectPaintOf(paint) {
  await addRegion(Uint8Array.from(await unpack("paint-0"), (one) => one === paint), page.paints.names[paint]);
}
