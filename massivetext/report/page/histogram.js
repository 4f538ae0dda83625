// Histograms over bins of equal width on the screen; heights are square roots of counts, so that thin tails show.
// A bin is chosen with the mouse or with the arrow keys.

const HIGH = 100; // height of a drawing, in units of its own

const borderAt = (signal, bin) => (bin < signal.borders.length ? signal.borders[bin] : Infinity);

// Return where a value lies on an axis on which every bin is 1 wide, as massivetext/report/bins.py does.
function axisPosition(signal, value) {
  const bins = signal.borders.length - (signal.endless ? 0 : 1);
  let bin = 0;
  while (bin + 1 < bins && borderAt(signal, bin + 1) <= value) bin++;
  const [low, high] = [borderAt(signal, bin), borderAt(signal, bin + 1)];
  const within = Number.isFinite(high) ? (value - low) / (high - low) : 0.5;
  return bin + Math.min(Math.max(within, 0), 1);
}

function describeBin(signal, bin) {
  const [low, high] = [borderAt(signal, bin), borderAt(signal, bin + 1)];
  if (!Number.isFinite(high)) return `${formatValue(low)} or more`;
  if (signal.endless && Number.isInteger(low) && high - low === 1) return formatValue(low);
  return `${formatValue(low)} to ${formatValue(high)}`;
}

function roundValues(signal, first, stop) {
  if (!signal.endless) {
    const percents = stop - first;
    const step = [1, 2, 5, 10].find((each) => percents / each <= 6) || 20;
    return Array.from({ length: Math.floor(100 / step) + 1 }, (_, at) => (at * step) / 100);
  }
  const decades = Array.from({ length: 14 }, (_, at) => at - 3);
  return [0, ...[1, 5, 2, 3, 7].flatMap((digit) => decades.map((decade) => Number(`${digit}e${decade}`)))];
}

function axisTicks(signal, first, stop) {
  const chosen = new Map();
  for (const value of roundValues(signal, first, stop)) {
    const at = axisPosition(signal, value);
    const apart = [...chosen.keys()].every((other) => Math.abs(at - other) * 5 >= stop - first);
    if (at >= first && at <= stop && apart) chosen.set(at, value);
  }
  return chosen;
}

// Return a histogram of a signal in a source. `limits` are values to mark; `choose` is called with a bin that is chosen.
function histogram(signal, counts, limits, choose, label) {
  const [start, passed, failed] = counts;
  const marks = limits.map((limit) => axisPosition(signal, limit));
  const first = Math.floor(Math.min(start, ...marks));
  const stop = Math.max(start + passed.length, ...marks.map((mark) => Math.ceil(mark + 0.01)), first + 1);
  const most = Math.max(1, ...passed, ...failed);
  const height = (count) => HIGH * Math.sqrt(count / most);
  const percent = (at) => `${(100 * (at - first)) / (stop - first)}%`;
  const drawing = makeSvg("svg", { viewBox: `0 0 ${stop - first} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const marker = makeSvg("rect", { class: "chosen", y: 0, width: 1, height: HIGH, x: -2 });
  drawing.append(marker);
  passed.forEach((count, at) => {
    for (const [number, css] of [[count, "passed"], [failed[at], "failed"]]) {
      if (number) {
        const high = Math.max(height(number), 1.5);
        drawing.append(makeSvg("rect", { class: css, x: start + at - first, width: 1, y: HIGH - high, height: high }));
      }
    }
  });
  const text = make("p", { class: "reading" }, "Choose a bar to see documents in it.");
  const field = make("div", {
    class: "bars",
    tabindex: 0,
    role: "slider",
    "aria-label": label,
    "aria-orientation": "horizontal",
    "aria-valuemin": first,
    "aria-valuemax": stop - 1,
    "aria-valuenow": start,
    "aria-valuetext": "no bar is chosen",
  }, drawing);
  let bin = null;
  const choosing = (wanted) => {
    bin = Math.min(Math.max(wanted, first), stop - 1);
    const [kept, dropped] = [passed[bin - start] || 0, failed[bin - start] || 0];
    const reading = `${describeBin(signal, bin)}: ${formatWhole(kept)} passed, ${formatWhole(dropped)} failed`;
    marker.setAttribute("x", bin - first);
    field.setAttribute("aria-valuenow", bin);
    field.setAttribute("aria-valuetext", reading);
    text.textContent = reading;
    choose(bin);
  };
  field.addEventListener("click", (event) => {
    const box = field.getBoundingClientRect();
    choosing(first + Math.floor(((event.clientX - box.left) / box.width) * (stop - first)));
  });
  field.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 5, PageDown: -5 };
    if (event.key in steps) choosing(bin === null ? start : bin + steps[event.key]);
    else if (event.key === "Home") choosing(start);
    else if (event.key === "End") choosing(start + passed.length - 1);
    else return;
    event.preventDefault();
  });
  const lines = marks.map((mark) => make("span", { class: "limit-line", style: `left:${percent(mark)}` }));
  field.append(...lines);
  const ticks = [...axisTicks(signal, first, stop)].map(([at, value]) =>
    make("span", { style: `left:${percent(at)}` }, formatTick(value)));
  const moveLimits = (values) => values.forEach((value, number) => {
    const at = Math.min(Math.max(axisPosition(signal, value), first), stop);
    lines[number].style.left = percent(at);
  });
  const element = make("div", { class: "histogram" }, field, make("div", { class: "axis", "aria-hidden": "true" }, ticks), text);
  return { element, moveLimits };
}
