// The section with the histogram of any signal.

function describeMedians(signal, [start, passed, failed]) {
  return [["passed", passed], ["failed", failed]].map(([verdict, counts]) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (!total) return "";
    let [seen, at] = [0, 0];
    while ((seen += counts[at]) * 2 < total) at++;
    return `${countNoun(total, "document")} ${verdict}, half of them up to about ${formatValue(borderAt(signal, start + at))}.`;
  }).join(" ").trim();
}

function limitsOn(source, name) {
  const bounds = source.rules.flatMap((rule) => rule.passes.map((each) => changedBounds(rule, each, changes)))
    .filter((each) => each.signal === name);
  return bounds.flatMap((each) => [each.min, each.max]).filter((limit) => limit !== null);
}

function signalsSection(place) {
  const shown = make("div");
  const found = make("div", { "aria-live": "polite" });
  const select = make("select", { id: "signal", onchange: () => show() });
  const show = () => {
    const source = data.sources[chosenSource];
    const number = data.signals.findIndex((signal) => signal.name === select.value);
    const signal = data.signals[number];
    found.replaceChildren();
    if (!signal) return shown.replaceChildren(make("p", {}, `No signal of ${chosenSource} was measured.`));
    const counts = source.histograms[signal.name];
    const drawn = histogram(signal, counts, limitsOn(source, signal.name),
      (bin) => found.replaceChildren(documentsInBin(chosenSource, number, bin)),
      `Histogram of ${signal.name} in ${chosenSource}. ${describeMedians(signal, counts)}`);
    return shown.replaceChildren(
      make("p", {}, make("small", {}, signal.meaning.replaceAll("`", ""))), drawn.element,
      make("p", { class: "explanation" }, describeMedians(signal, counts)));
  };
  const fill = () => {
    const source = data.sources[chosenSource];
    const limited = new Set(source.rules.flatMap((rule) => rule.passes.map((bounds) => bounds.signal)));
    const names = data.signals.map((signal) => signal.name).filter((name) => source.histograms[name]?.[1].length);
    const before = select.value;
    const group = (label, members) => make("optgroup", { label }, members.map((name) => make("option", {}, name)));
    select.replaceChildren(group("with a limit", names.filter((name) => limited.has(name))),
      group("no rule looks at", names.filter((name) => !limited.has(name))));
    if (names.includes(before)) select.value = before;
    show();
  };
  place.replaceChildren(make("p", { class: "controls" }, make("label", { for: "signal" }, "Signal"), select), shown, found);
  onSource(fill);
  fill();
}
