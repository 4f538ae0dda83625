// Tables that sort by a column and filter by words. They are complete without this.

const LONG = 8; // rows from which a table has a filter
const SIZES = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

function cellValue(cell) {
  const text = (cell.firstChild?.textContent || cell.textContent).trim();
  const found = text.match(/^([+−-]?[\d,]*\.?\d+)\s*([kMGT]?)/);
  if (!found) return text === "–" || text === "" ? -Infinity : text.toLowerCase();
  return Number(found[1].replaceAll(",", "").replace("−", "-")) * (SIZES[found[2]] || 1);
}

function compareValues(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === typeof b) return a.localeCompare(b, "en", { numeric: true });
  return typeof a === "number" ? -1 : 1;
}

function sortBy(table, column, header) {
  const body = table.tBodies[0];
  const falling = header.getAttribute("aria-sort") === "descending" || !header.classList.contains("number");
  const direction = falling && header.getAttribute("aria-sort") !== "ascending" ? 1 : -1;
  const rows = [...body.rows].map((row) => [cellValue(row.cells[column]), row]);
  rows.sort(([a], [b]) => direction * compareValues(a, b));
  body.append(...rows.map(([, row]) => row));
  for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
}

function makeSortable(table) {
  for (const [column, header] of [...table.tHead.rows[0].cells].entries()) {
    const button = make("button", { type: "button", class: "sort", onclick: () => sortBy(table, column, header) });
    button.append(...header.childNodes);
    header.append(button);
  }
}

function addFilter(table) {
  const rows = [...table.tBodies[0].rows];
  const caption = table.caption.textContent;
  const count = make("span", { "aria-live": "polite" });
  const filter = make("input", {
    type: "search",
    class: "filter",
    placeholder: "filter rows",
    "aria-label": `Filter rows of the table: ${caption}`,
    oninput: () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      count.textContent = words.length ? ` ${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
    },
  });
  table.closest(".scroll").before(make("p", { class: "filtering" }, filter, count));
}

function improveTables(root) {
  for (const table of root.querySelectorAll(".scroll > table:not(.improved)")) {
    table.classList.add("improved");
    const rows = table.tBodies[0]?.rows.length || 0;
    if (rows > 1 && table.tHead) makeSortable(table);
    if (rows > LONG) addFilter(table);
    watchEdges(table.parentElement);
  }
}

// A part that is wider than its place shows a shadow at the edge behind which there is more.
function watchEdges(place) {
  const look = () => {
    place.classList.toggle("more-left", place.scrollLeft > 2);
    place.classList.toggle("more-right", place.scrollLeft + place.clientWidth < place.scrollWidth - 2);
  };
  place.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(place);
}

// Return a table like those that Python writes. A column is aligned right if its first cell is a number or "12.3%".
function dataTable(caption, header, rows) {
  const numeric = (rows[0] || []).map((cell) => typeof cell === "number" || /^[\d–]/.test(typeof cell === "string" ? cell : ""));
  const css = (at) => (numeric[at] ? "number" : null);
  const show = (cell) => (typeof cell === "number" ? formatWhole(cell) : cell);
  const table = make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, header.map((cell, at) => make("th", { scope: "col", class: css(at) }, cell)))),
    make("tbody", {}, rows.map((row) => make("tr", {},
      row.map((cell, at) => (at ? make("td", { class: css(at) }, show(cell)) : make("th", { scope: "row" }, show(cell))))))));
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${caption}` }, table);
}
