// The section about rules: a slider on every limit, and what all rules together would keep.

function answerTable() {
  const body = make("tbody");
  const table = make("table", { id: "answer-table" },
    make("caption", {}, "What the rules keep of each source"),
    make("thead", {}, make("tr", {}, ["source", "documents", "words"].map((title, at) =>
      make("th", { scope: "col", class: at ? "number" : null }, title)))), body);
  const cells = Object.keys(data.sources).map((name) => {
    const row = [make("th", { scope: "row" }, name), make("td", { class: "number" }), make("td", { class: "number" })];
    body.append(make("tr", { "data-source": name }, row));
    return [name, row[1], row[2]];
  });
  const scroll = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What the rules keep" }, table);
  watchEdges(scroll);
  return { element: scroll, cells };
}

function showAmount(cell, before, after, error, format) {
  const change = after - before;
  cell.dataset.after = after;
  cell.replaceChildren(formatWhole(after));
  const sign = error < 0.5 ? "" : ` ± ${format(error)}`;
  if (change || sign) cell.append(make("br"), make("small", { class: change ? "changed" : null }, formatChange(change, format) + sign));
}

// Show what is kept of every source, and return the sums of the sources.
function showAnswer(cells) {
  const sums = { before: 0, after: 0, wordsBefore: 0, wordsAfter: 0, variance: 0 };
  for (const [name, documents, words] of cells) {
    const source = data.sources[name];
    const judge = judgeOf(name);
    judge.apply(changes);
    const found = judge.compare();
    const kept = estimate(source, found);
    documents.parentElement.dataset.gained = found.gained;
    documents.parentElement.dataset.lost = found.lost;
    const concerned = [...changes.keys()].some((change) => source.rules.some((rule) => change.startsWith(`${rule.rule}.`)));
    showAmount(documents, source.passed.documents, kept.documents, concerned ? kept.documentsError : 0, formatWhole);
    showAmount(words, source.passed.words, kept.words, concerned ? kept.wordsError : 0, formatCount);
    sums.before += source.passed.documents;
    sums.after += kept.documents;
    sums.wordsBefore += source.passed.words;
    sums.wordsAfter += kept.words;
    if (concerned) sums.variance += kept.documentsError ** 2;
  }
  return sums;
}

function answerSentence(sums) {
  if (!changes.size) return `The rules keep ${formatWhole(sums.before)} documents with ${formatCount(sums.wordsBefore)} words.`;
  const error = Math.sqrt(sums.variance);
  const sign = error < 0.5 ? "" : ` ± ${formatCount(error)}`;
  return `${formatWhole(sums.before)} → ${formatWhole(sums.after)} documents (${formatChange(sums.after - sums.before, formatWhole)}${sign}), `
    + `${formatCount(sums.wordsBefore)} → ${formatCount(sums.wordsAfter)} words (${formatChange(sums.wordsAfter - sums.wordsBefore, formatCount)})`;
}

function sampleSentence() {
  const partly = Object.entries(data.sources).filter(([, source]) => source.sample.size < source.read.documents);
  if (!partly.length) return "Every document is in this page: the counts are exact, as those of the command.";
  const drawn = partly.map(([name, source]) => `${formatWhole(source.sample.size)} of ${name}`).join(", ");
  return `Changes are estimated from a seeded sample (${drawn}); ± is half of a 95% interval. The command counts exactly.`;
}

function answerPanel() {
  const line = make("p", { class: "answer-line", role: "status" });
  const { element, cells } = answerTable();
  const commands = make("div", { class: "changed-rules" });
  const update = () => {
    line.textContent = answerSentence(showAnswer(cells));
    const sets = changedRuleSets(data.sources[chosenSource], changes);
    commands.replaceChildren(...(changes.size ? [
      make("p", {}, copyable(whatIfCommand(changes))),
      ...sets.map(([name, text]) => make("details", {}, make("summary", {}, `Rule set ${name}, changed`),
        make("p", {}, "As a file that the recipe names in place of the old one:"), make("pre", { tabindex: 0 }, text),
        make("button", { type: "button", class: "copy", onclick: () => copyText(text) }, "copy"))),
      make("button", { type: "button", class: "reset", onclick: resetLimits }, "Take all changes back"),
    ] : []));
  };
  onChange(update);
  onSource(update);
  update();
  return make("aside", { class: "answer", "aria-label": "What the rules keep" }, line,
    make("div", { class: "answer-more" }, element, make("p", { class: "explanation" }, sampleSentence()), commands));
}

// -- rules -------------------------------------------------------------------------------------------------------------

function limitSlider(rule, bounds, field) {
  const stops = data.stops[bounds.signal];
  const name = changeName(rule, bounds.signal, field);
  const original = bounds[field];
  const current = () => (changes.has(name) ? changes.get(name) : original);
  const other = () => changedBounds(rule, bounds, changes)[field === "min" ? "max" : "min"];
  const shown = make("output", {}, formatValue(current()));
  const input = make("input", {
    type: "range", class: field, min: 0, max: stops.length - 1, step: 1, value: stops.indexOf(current()), "data-limit": name,
    "aria-label": `${rule.rule}: ${field === "min" ? "smallest" : "largest"} ${bounds.signal} that passes`,
    "aria-valuetext": formatValue(current()),
  });
  const colour = () => input.style.setProperty("--at", `${(100 * Number(input.value)) / Math.max(stops.length - 1, 1)}%`);
  colour();
  input.addEventListener("input", () => {
    let at = Number(input.value);
    // A rule whose smallest value is above its largest one is no rule.
    if (other() !== null) at = field === "min" ? Math.min(at, stops.indexOf(other())) : Math.max(at, stops.indexOf(other()));
    input.value = at;
    colour();
    shown.textContent = formatValue(stops[at]);
    input.setAttribute("aria-valuetext", formatValue(stops[at]));
    setLimit(name, stops[at], original);
  });
  const words = field === "min" ? "at least" : "at most";
  return make("label", { class: "slider" }, make("span", {}, rule.passes.length > 1 ? `${bounds.signal} ${words}` : words), input, shown);
}

function allowedField(rule, bounds) {
  const name = changeName(rule, bounds.signal, "allow");
  const current = changes.has(name) ? changes.get(name) : bounds.allow;
  const input = make("input", { type: "text", value: current.join(", "), "data-limit": name, autocomplete: "off", spellcheck: "false",
    "aria-label": `${rule.rule}: values of ${bounds.signal} that pass, with commas between them` });
  input.addEventListener("change", () => {
    const texts = input.value.split(",").map((text) => text.trim()).filter(Boolean);
    const wanted = texts.length ? texts : bounds.allow;
    input.value = wanted.join(", ");
    setLimit(name, wanted, bounds.allow);
  });
  return make("label", { class: "slider text" }, make("span", {}, "passes"), input);
}

function removesSwitch(rule) {
  const name = `${rule.rule}.report_only`;
  const input = make("input", { type: "checkbox", "data-limit": name, "aria-label": `${rule.rule} removes documents` });
  input.checked = !changedRule(rule, changes).report_only;
  input.addEventListener("change", () => setLimit(name, !input.checked, rule.report_only));
  return make("label", { class: "removes", title: "without the tick it only marks" }, input, "removes");
}

function ruleControls(rule) {
  const once = (bounds) => rule.passes.filter((each) => each.signal === bounds.signal).length === 1;
  const sliders = rule.passes.filter(once).flatMap((bounds) => (bounds.allow ? [allowedField(rule, bounds)]
    : ["min", "max"].filter((field) => bounds[field] !== null).map((field) => limitSlider(rule, bounds, field))));
  return make("div", { class: "controls-of-rule" }, sliders, removesSwitch(rule));
}

// How far a value is from the nearest limit, relative to it, as massivetext/report/limit_distance.py has it.
function slackOf(rule, values) {
  const slack = (bounds) => Math.min(
    bounds.min === null ? Infinity : (values[bounds.signal] - bounds.min) / Math.max(Math.abs(bounds.min), 1e-9),
    bounds.max === null ? Infinity : (bounds.max - values[bounds.signal]) / Math.max(Math.abs(bounds.max), 1e-9));
  return Math.max(...rule.passes.map(slack));
}

// Documents on both sides of the limit as it is now.
function nearLimit(rule) {
  const changed = changedRule(rule, changes);
  const source = data.sources[chosenSource];
  const command = copyable(`massivetext sample ${runFolder()} --rule ${rule.rule} --near --source ${shellWord(chosenSource)} -n 20`);
  if (changed.passes.some((bounds) => bounds.allow)) {
    const failing = source.documents.filter((each) => each.document.failures.some((failure) => failure.rule === rule.rule));
    const sample = copyable(`massivetext sample ${runFolder()} --rule ${rule.rule} --source ${shellWord(chosenSource)}`);
    return [make("h3", {}, "Documents that fail it"), documentList(failing, "None of this page fails it."), make("p", { class: "ask" }, "More: ", sample)];
  }
  const signals = changed.passes.map((bounds) => bounds.signal);
  const measured = source.documents.filter((each) => signals.every((signal) => signal in each.values))
    .map((each) => [slackOf(changed, each.values), each]);
  measured.sort(([a], [b]) => Math.abs(a) - Math.abs(b));
  const note = (each) => signals.map((signal) => `${signal} is ${formatValue(each.values[signal])}:`).join(", ");
  const side = (title, found, none) => make("div", {}, make("h3", {}, title),
    found.length ? make("ol", { class: "examples" }, found.slice(0, 3).map(([, each]) => make("li", {}, documentCard(each, note(each)))))
      : make("p", { class: "explanation" }, none));
  return [make("div", { class: "pair" },
    side("Just outside the limit", measured.filter(([slack]) => slack < 0), "No document of this page is outside."),
    side("Just within", measured.filter(([slack]) => slack >= 0), "No document of this page is within.")),
  make("p", { class: "ask" }, "Nearest of all documents: ", command)];
}

function ruleHistograms(rule) {
  const source = data.sources[chosenSource];
  const found = make("div", { "aria-live": "polite" });
  const drawn = rule.passes.filter((bounds) => !bounds.allow && source.histograms[bounds.signal]).map((bounds) => {
    const number = data.signals.findIndex((signal) => signal.name === bounds.signal);
    const signal = data.signals[number];
    const fields = ["min", "max"].filter((field) => bounds[field] !== null);
    const limits = () => fields.map((field) => changedBounds(rule, bounds, changes)[field]);
    const { element, moveLimits } = histogram(signal, source.histograms[bounds.signal], limits(),
      (bin) => found.replaceChildren(make("h3", {}, `${bounds.signal}: ${describeBin(signal, bin)}`), documentsInBin(chosenSource, number, bin)),
      `Histogram of ${bounds.signal} in ${chosenSource}. ${describeMedians(signal, source.histograms[bounds.signal])}`);
    return { moveLimits: () => moveLimits(limits()), element: make("div", { class: "chart-of-rule" },
      make("p", {}, code(bounds.signal), " ", make("small", {}, signal.meaning.replaceAll("`", ""))), element) };
  });
  return { drawn, found };
}

function ruleDetails(rule) {
  const near = make("div");
  const { drawn, found } = ruleHistograms(rule);
  const update = () => {
    drawn.forEach((each) => each.moveLimits());
    near.replaceChildren(...nearLimit(rule));
  };
  update();
  return { content: [make("p", { class: "explanation" }, `In the run it passes ${describeRule(rule)}. ${rule.citation}`),
    ...drawn.map((each) => each.element), found, near], update };
}

function ruleRow(rule, number, update) {
  const tally = make("span", { class: "tally" });
  const bar = make("span", { class: "bar", "aria-hidden": "true" });
  const place = make("div", { class: "rule-details", hidden: true });
  const button = make("button", { type: "button", class: "rule-name", "aria-expanded": "false" }, code(rule.rule));
  let details = null;
  button.addEventListener("click", () => {
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    if (!place.hidden && !details) {
      details = ruleDetails(rule);
      place.append(...details.content);
    } else if (!place.hidden) details.update();
  });
  const row = make("li", { class: "rule", "data-rule": rule.rule }, make("div", { class: "rule-head" }, button, tally), bar, ruleControls(rule), place);
  let waiting = 0;
  update.push((counts) => {
    const source = data.sources[chosenSource];
    const changed = [...changes.keys()].some((name) => name.startsWith(`${rule.rule}.`));
    const exact = !changes.size || source.sample.size >= source.read.documents;
    const scale = source.read.documents / Math.max(source.sample.size, 1);
    const [failed, alone] = changes.size ? [counts[number].failed * scale, counts[number].alone * scale] : [rule.tally.failed, rule.report_only ? 0 : rule.tally.unique];
    row.classList.toggle("changed", changed);
    row.dataset.failed = Math.round(failed);
    row.dataset.alone = Math.round(alone);
    tally.textContent = `${exact ? "" : "about "}${formatWhole(failed)} fail (${formatShare(failed, source.read.documents)}), ${formatWhole(alone)} alone`;
    bar.style.setProperty("--failed", `${100 * Math.sqrt(failed / Math.max(source.read.documents, 1))}%`);
    bar.style.setProperty("--alone", `${100 * Math.sqrt(alone / Math.max(source.read.documents, 1))}%`);
    if (details && !place.hidden) {
      clearTimeout(waiting);
      waiting = setTimeout(details.update, 60);
    }
  });
  return row;
}

function rulesList() {
  const list = make("ol", { class: "rules" });
  const beside = make("div");
  const filter = make("input", { type: "search", id: "rule-filter", autocomplete: "off", oninput: () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of beside.parentElement.querySelectorAll(".rule")) {
      row.hidden = !words.every((word) => row.dataset.rule.includes(word));
    }
    silent.open = words.length > 0;
  } });
  const silentList = make("ol", { class: "rules" });
  const silent = make("details", { class: "silent" }, make("summary"), silentList);
  let updates = [];
  const update = () => {
    const judge = judgeOf(chosenSource);
    judge.apply(changes);
    const counts = changes.size ? judge.countFailed() : [];
    updates.forEach((each) => each(counts));
  };
  const fill = () => {
    const source = data.sources[chosenSource];
    updates = [];
    // Rules that remove most come first; what never fires is at the end.
    const ordered = source.rules.map((rule, number) => [rule, number]).sort(([a], [b]) => b.tally.failed - a.tally.failed);
    const rows = (fires) => ordered.filter(([rule]) => (rule.tally.failed > 0) === fires).map(([rule, number]) => ruleRow(rule, number, updates));
    list.replaceChildren(...rows(true));
    silentList.replaceChildren(...rows(false));
    silent.hidden = !silentList.childElementCount;
    silent.firstElementChild.textContent = `${countNoun(silentList.childElementCount, "rule")} that no document fails`;
    if (!source.rules.length) list.append(make("li", {}, `No rule judges ${chosenSource}.`));
    beside.replaceChildren(...lossTables(source));
    update();
  };
  onChange(update);
  onSource(fill);
  fill();
  return make("div", { class: "rules-and-losses" },
    make("p", { class: "controls" }, make("label", { for: "rule-filter" }, "Filter rules"), filter), list, silent, beside);
}

function rulesSection(place) {
  place.replaceChildren(answerPanel(), rulesList());
}

// -- what is lost, by pairs of rules, language and host ----------------------------------------------------------------

function jointTable(source) {
  const fired = source.rules.map((rule, at) => [rule, at]).filter(([rule]) => rule.tally.failed);
  if (fired.length < 2) return null;
  return disclosure("Rules that fail together", () => [
    make("p", { class: "explanation" }, "Of the documents that fail the rule of a row, the share that fails the rule of a column as well. "
      + "100% means that the rule of the row finds nothing that the other does not find."),
    dataTable(`Documents of ${chosenSource} that fail both rules`, ["rule", ...fired.map((_, number) => `${number + 1}.`)],
      fired.map(([rule, at], number) => [make("span", {}, `${number + 1}. `, code(rule.rule)), ...fired.map(([, other]) => {
        const share = source.overlaps[at][other] / source.overlaps[at][at];
        const text = share ? (share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`) : "";
        return make("span", { class: "heat", style: `--share:${other === at ? 0 : Math.round(40 * share)}%`,
          title: `${formatWhole(source.overlaps[at][other])} documents` }, text);
      })])),
  ]);
}

function groupTable(what, groups) {
  const rows = Object.entries(groups).map(([group, tally]) => [group, tally, tally.documents - tally.kept]);
  if (!rows.length) return null;
  rows.sort((a, b) => b[2] - a[2] || b[1].documents - a[1].documents);
  return disclosure(`By ${what}: ${countNoun(rows.length, what)}`, () => [
    dataTable(`Documents of ${chosenSource} and what the rules removed, by ${what}`,
      [what, "documents", "removed", "share", "words removed", "bytes removed"],
      rows.map(([group, tally, removed]) => [code(group), tally.documents, removed, formatShare(removed, tally.documents),
        tally.removed_words, formatBytes(tally.removed_bytes)]))]);
}

function lossTables(source) {
  return [jointTable(source), groupTable("language", source.languages), groupTable("host", source.hosts)].filter(Boolean);
}
