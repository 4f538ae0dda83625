"use strict";
(() => {
  const specs = JSON.parse(document.getElementById("charts").textContent);
  const places = [...document.querySelectorAll("[data-chart]")];
  const drawn = new Map();

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Colours come from the page, so that charts follow it between light and dark.
  const config = () => {
    const [ink, soft, faint] = [style("--ink"), style("--soft"), style("--faint")];
    const font = style("--sans");
    return {
      background: null,
      font,
      view: { stroke: null },
      range: { category: ["--kept", "--rules", "--exact", "--near", "--tests", "--other"].map(style) },
      axis: {
        domainColor: faint, gridColor: faint, tickColor: faint, labelColor: soft, titleColor: soft,
        labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", labelFontWeight: "normal", gridOpacity: 0.6,
      },
      axisY: { domain: false, ticks: false, labelPadding: 6 },
      axisX: { grid: false },
      legend: { labelColor: soft, titleColor: soft, labelFontSize: 12, symbolType: "square", columnPadding: 14 },
      text: { color: ink, fill: ink },
      rule: { color: ink },
      tick: { color: ink },
      style: { segment: { stroke: style("--paper"), strokeWidth: 1 } },
    };
  };

  const draw = async (place) => {
    if (drawn.has(place)) return;
    drawn.set(place, null);
    const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const options = { mode: "vega-lite", renderer: "svg", actions: false, config: config(), tooltip: { theme } };
    drawn.set(place, await vegaEmbed(place, specs[place.dataset.chart], options));
  };

  const redraw = () => {
    const before = [...drawn.keys()];
    for (const view of drawn.values()) if (view) view.finalize();
    drawn.clear();
    before.forEach(draw);
  };

  // A chart is drawn when it comes near the screen: there may be hundreds, and closed parts of the page have no width.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        watcher.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => watcher.observe(place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => places.filter((place) => !place.closest("details:not([open])")).forEach(draw));
})();
