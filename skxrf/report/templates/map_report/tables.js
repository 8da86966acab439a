// Tables that sort at a click on a heading; what is not known stands last.
function sortTable(button) {
  const table = document.getElementById(button.dataset.table);
  const column = Number(button.dataset.column);
  const heading = button.closest("th");
  const up = heading.getAttribute("aria-sort") === "descending" || (column === 0 && heading.getAttribute("aria-sort") !== "ascending");
  for (const other of table.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  const valueOf = (row) => row.cells[column].dataset.value;
  rows.sort((a, b) => {
    if (column === 0) return (up ? 1 : -1) * a.dataset.name.localeCompare(b.dataset.name);
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    return up ? x - y : y - x;
  });
  table.tBodies[0].append(...rows);
}

for (const button of document.querySelectorAll("[data-table]")) button.addEventListener("click", () => sortTable(button));
