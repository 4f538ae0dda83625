// Charts by Vega. Each is drawn when it comes near the screen; closed parts of the page have no width.

const drawn = new Map();
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Colours come from the page, so that charts follow it between light and dark.
function chartConfig() {
  const [ink, soft, faint] = [style("--ink"), style("--soft"), style("--faint")];
  return {
    background: null,
    font: style("--sans"),
    view: { stroke: null },
    range: { category: ["--kept", "--rules", "--exact", "--near", "--tests", "--other"].map(style) },
    axis: {
      domainColor: faint, gridColor: faint, tickColor: faint, labelColor: soft, titleColor: soft,
      labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelFontWeight: "normal", gridOpacity: 0.6,
    },
    axisY: { domain: false, ticks: false, labelPadding: 6 },
    axisX: { grid: false },
    legend: { labelColor: soft, titleColor: soft, labelFontSize: 12, symbolType: "square", columnPadding: 14 },
    text: { color: ink, fill: ink },
    rule: { color: ink },
    tick: { color: ink },
    style: { segment: { stroke: style("--paper"), strokeWidth: 1 } },
  };
}

async function drawChart(place) {
  if (drawn.has(place)) return;
  drawn.set(place, null);
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, config: chartConfig(), logLevel: 1,
    tooltip: { theme: isDark() ? "dark" : "light" },
  };
  drawn.set(place, await vegaEmbed(place, chartSpecs[place.dataset.chart], options));
}

function redrawCharts() {
  const before = [...drawn.keys()];
  for (const view of drawn.values()) if (view) view.finalize();
  drawn.clear();
  before.forEach(drawChart);
}

function watchCharts() {
  const places = [...document.querySelectorAll("[data-chart]")];
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        watcher.unobserve(entry.target);
        drawChart(entry.target);
      }
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => watcher.observe(place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);
  addEventListener("beforeprint", () => places.filter((place) => !place.closest("details:not([open])")).forEach(drawChart));
}
