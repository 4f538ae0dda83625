// Start: everything that can be shown without the data first, then the data.

function addSourceChoice(place) {
  const select = make("select", { id: "source", onchange: () => chooseSource(select.value) },
    Object.keys(data.sources).map((name) => make("option", { selected: name === chosenSource }, name)));
  place.replaceChildren(make("label", { for: "source" }, "Source"), select);
}

async function start() {
  chartSpecs = JSON.parse(document.getElementById("charts").textContent);
  addThemeSwitch(document.getElementById("theme"));
  for (const place of document.querySelectorAll("nav ul, .scroll")) watchEdges(place);
  watchCharts();
  data = await readData(document.getElementById("data").textContent);
  chosenSource = firstSource();
  addSourceChoice(document.getElementById("source-choice"));
  rulesSection(document.getElementById("rules-content"));
  signalsSection(document.getElementById("signals-content"));
  samplesSection(document.getElementById("samples-content"));
  addCommands();
  improveTables(document);
  document.documentElement.dataset.ready = "true";
}

start();
