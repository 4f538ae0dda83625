// Documents to look at, with the command that asks the run about each of them.

const [FIRST, MORE] = [2, 5]; // documents that are shown at first, and that a button adds

// Characters that turn the direction of writing would show another address than there is.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const documentName = (document) => (document.url || `${document.origin} ${document.key}`).replace(TURNING, "\ufffd");

function hostOf(document) {
  const found = (document.url || "").match(/^(?:[a-z][a-z0-9+.-]*:)?\/\/(?:[^/?#]*@)?([^/?#:]+)/i);
  return found ? found[1].toLowerCase() : "";
}

function documentState(shown) {
  if (shown.removed_by === null) return make("span", { class: "state kept" }, "kept");
  return make("span", { class: "state removed" }, `removed by ${data.stages[shown.removed_by] || shown.removed_by}`);
}

// A rule that is named after its signal needs the value alone.
function failureValues(failure) {
  return Object.entries(failure.values)
    .map(([signal, value]) => (failure.rule.endsWith(`/${signal}`) ? formatValue(value) : `${signal} is ${formatValue(value)}`))
    .join(", ");
}

function documentCard(shown, note = null) {
  const { document } = shown;
  const failures = document.failures.map((failure) => make("li", {}, code(failure.rule), ` ${failureValues(failure)}`));
  const cut = document.characters > [...document.excerpt].length;
  return make("article", { "data-id": document.id },
    make("p", { class: "where" }, documentState(shown), " ", note ? make("strong", {}, `${note} `) : null,
      make("bdi", { class: "origin" }, documentName(document)), " ", make("small", {}, document.source)),
    failures.length ? make("ul", { class: "failures" }, failures) : null,
    make("blockquote", { dir: "auto" },
      document.excerpt ? document.excerpt.replace(/\n(?:[ \t]*\n){2,}/g, "\n\n") : make("em", {}, "an empty text"),
      cut ? make("span", { class: "rest" }, `… (${formatWhole(document.characters)} characters)`) : null),
    make("p", { class: "ask" }, copyable(`massivetext trace ${runFolder()} ${document.id}`)));
}

// A list of documents that grows by a button.
function documentList(documents, empty) {
  if (!documents.length) return make("p", { class: "explanation" }, empty);
  const list = make("ol", { class: "examples" });
  const more = make("button", { type: "button", class: "more", onclick: () => grow(true) });
  const grow = (move) => {
    const next = documents.slice(list.childElementCount, list.childElementCount + (move ? MORE : FIRST));
    const added = next.map((each) => make("li", {}, documentCard(each)));
    list.append(...added);
    const left = documents.length - list.childElementCount;
    more.hidden = left === 0;
    more.textContent = `${Math.min(left, MORE)} more of ${formatWhole(left)}`;
    if (move && added.length) {
      added[0].tabIndex = -1;
      added[0].focus();
    }
  };
  grow(false);
  return make("div", {}, list, more);
}

// Documents in a bin of a histogram. The page has a sample of documents, so there may be none.
function documentsInBin(name, signalNumber, bin) {
  const { source, signals } = { source: data.sources[name], signals: data.signals };
  const found = source.documents.filter((each) => each.bins && each.bins[signalNumber] === bin);
  const signal = signals[signalNumber];
  const [low, high] = [borderAt(signal, bin), borderAt(signal, bin + 1)];
  const last = !signal.endless && bin === signal.borders.length - 2; // shares: the last bin has its upper border
  const upper = Number.isFinite(high) ? ` AND ${signal.name} ${last ? "<=" : "<"} ${high}` : "";
  const query = `SELECT id, ${signal.name} FROM signals WHERE source = '${name}' AND ${signal.name} >= ${low}${upper}`;
  return make("div", {},
    documentList(found, "None of the documents in this page is in this bar."),
    make("p", { class: "ask" }, "All of them, in Python: ", copyable(`massivetext.open(${JSON.stringify(runFolder())}).sql(${JSON.stringify(query)})`)));
}

// -- the section with its search ---------------------------------------------------------------------------------------

function matches(shown, wanted, kind) {
  if (kind === "kept" && shown.removed_by !== null) return false;
  if (kind === "removed" && shown.removed_by === null) return false;
  const { document } = shown;
  const searched = [documentName(document), document.id, document.title || "", document.excerpt, data.stages[shown.removed_by] || "kept",
    ...document.failures.map((failure) => failure.rule)];
  return wanted.every((word) => searched.some((text) => text.toLowerCase().includes(word)));
}

function hostTable(wanted) {
  const rows = Object.entries(data.sources).flatMap(([name, source]) =>
    Object.entries(source.hosts).map(([host, tally]) => [host, name, tally]));
  const found = rows.filter(([host]) => wanted.length && wanted.every((word) => host.includes(word))).slice(0, 10);
  if (!found.length) return null;
  return dataTable("Hosts whose documents rules removed", ["host", "source", "documents", "removed by rules", "share"],
    found.map(([host, name, tally]) => [code(host), name, tally.documents, tally.documents - tally.kept,
      formatShare(tally.documents - tally.kept, tally.documents)]));
}

function samplesSection(place) {
  const results = make("div", { role: "region", "aria-label": "Documents found", "aria-live": "polite" });
  const search = make("input", { type: "search", id: "search", autocomplete: "off", oninput: () => show() });
  const kind = make("select", { id: "kind", onchange: () => show() },
    make("option", { value: "all" }, "all"), make("option", { value: "kept" }, "kept"),
    make("option", { value: "removed" }, "removed"));
  const show = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const searched = wanted.length ? Object.values(data.sources) : [data.sources[chosenSource]];
    const found = searched.flatMap((source) => source.documents).filter((each) => matches(each, wanted, kind.value));
    const where = wanted.length ? "in all sources" : `in ${chosenSource}`;
    const hosts = hostTable(wanted);
    results.replaceChildren(
      make("p", { class: "found" }, `${countNoun(found.length, "document")} of this page ${where}`),
      ...(hosts ? [hosts] : []), documentList(found, "No document of this page has all these words."));
    improveTables(results);
  };
  place.replaceChildren(
    make("div", { class: "controls" },
      make("label", { for: "search" }, "Search texts, addresses, hosts, ids and rules"), search,
      make("label", { for: "kind" }, "Show"), kind),
    results);
  show();
  onSource(show);
}

// Documents that Python wrote into the page get their commands too.
function addCommands() {
  for (const article of document.querySelectorAll("article[data-id]:not(:has(.ask))")) {
    article.append(make("p", { class: "ask" }, copyable(`massivetext trace ${runFolder()} ${article.dataset.id}`)));
  }
}
