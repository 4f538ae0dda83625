// What changed limits keep of the embedded sample: the rules of massivetext/rules.py over numbers of stops.
//
// A value is held as 2 i if it is stop i of its signal, as 2 i + 1 if it lies between stop i and the next one. Limits are
// stops, so comparing these numbers is the same as comparing the values. A text is held as its number among all texts.
//
// Changes are a map from the name that `massivetext whatif --set` takes ("gopher/word_count.min") to a number, a list of
// texts (allow) or a truth value (report_only). As there, a change holds for every source that has the rule.

function changeName(rule, signal, field) {
  return rule.passes.length > 1 && field !== "report_only" ? `${rule.rule}.${signal}.${field}` : `${rule.rule}.${field}`;
}

function changedBounds(rule, bounds, changes) {
  const changed = { ...bounds };
  for (const field of ["min", "max", "allow"]) {
    const name = changeName(rule, bounds.signal, field);
    if (changes.has(name)) changed[field] = changes.get(name);
  }
  return changed;
}

function changedRule(rule, changes) {
  const only = changes.get(`${rule.rule}.report_only`);
  return {
    ...rule,
    passes: rule.passes.map((bounds) => changedBounds(rule, bounds, changes)),
    report_only: only === undefined ? rule.report_only : only,
  };
}

class SampleJudge {
  constructor(source, stops, texts) {
    this.sample = source.sample;
    this.rules = source.rules;
    this.numbers = { stops, texts };
    this.codes = Object.fromEntries(
      Object.entries(source.sample.codes).map(([signal, values]) => [signal, Uint16Array.from(values)]),
    );
    this.words = Float64Array.from(source.sample.words);
    this.judged = source.rules.map((rule) => this.judge(rule));
    this.removing = new Uint8Array(source.sample.size); // rules that remove each document
    this.judged.forEach((each) => this.count(each, 1));
    this.before = this.removing.map((rules) => (rules ? 0 : 1));
    this.shown = source.rules.map((rule) => JSON.stringify([rule.passes, rule.report_only]));
  }

  within(bounds) {
    const codes = this.codes[bounds.signal];
    const inside = new Uint8Array(this.sample.size);
    if (bounds.allow) {
      const allowed = new Set(bounds.allow.map((text) => this.numbers.texts[bounds.signal].indexOf(text)));
      for (let at = 0; at < inside.length; at++) inside[at] = allowed.has(codes[at]) ? 1 : 0;
      return inside;
    }
    const [low, high] = [this.code(bounds.signal, bounds.min, -1), this.code(bounds.signal, bounds.max, Infinity)];
    for (let at = 0; at < inside.length; at++) inside[at] = codes[at] >= low && codes[at] <= high ? 1 : 0;
    return inside;
  }

  code(signal, limit, none) {
    if (limit === null) return none;
    const at = this.numbers.stops[signal].indexOf(limit);
    if (at < 0) throw new RangeError(`${signal}: the limit ${limit} is no stop`);
    return 2 * at;
  }

  // Return for each document of the sample whether it fails a rule.
  judge(rule) {
    const fails = new Uint8Array(this.sample.size).fill(1);
    for (const bounds of rule.passes) {
      const inside = this.within(bounds);
      for (let at = 0; at < fails.length; at++) fails[at] &= 1 - inside[at];
    }
    if (rule.where) {
      const applies = this.within(rule.where);
      for (let at = 0; at < fails.length; at++) fails[at] &= applies[at];
    }
    return { fails, removes: !rule.report_only };
  }

  count({ fails, removes }, sign) {
    if (removes) for (let at = 0; at < fails.length; at++) this.removing[at] += sign * fails[at];
  }

  // Judge again those rules whose limits are others than when they were judged last.
  apply(changes) {
    this.rules.forEach((rule, number) => {
      const changed = changedRule(rule, changes);
      const shown = JSON.stringify([changed.passes, changed.report_only]);
      if (shown !== this.shown[number]) {
        this.count(this.judged[number], -1);
        this.judged[number] = this.judge(changed);
        this.count(this.judged[number], 1);
        this.shown[number] = shown;
      }
    });
  }

  // Return what the changes gain and lose in the sample: documents, words, and the sum of squares of the words.
  compare() {
    const found = { gained: 0, lost: 0, words: 0, squares: 0 };
    for (let at = 0; at < this.removing.length; at++) {
      const change = (this.removing[at] ? 0 : 1) - this.before[at];
      if (change === 0) continue;
      if (change > 0) found.gained++;
      else found.lost++;
      found.words += change * this.words[at];
      found.squares += this.words[at] ** 2;
    }
    return found;
  }

  // Return how many documents of the sample fail each rule, and how many no other rule removes.
  countFailed() {
    return this.judged.map(({ fails, removes }) => {
      let [failed, alone] = [0, 0];
      for (let at = 0; at < fails.length; at++) {
        failed += fails[at];
        if (removes && fails[at] && this.removing[at] === 1) alone++;
      }
      return { failed, alone };
    });
  }
}

// Return what a source keeps with the changes. The counts before are exact; the change is that of the sample, scaled to
// the source, and exact if every document is in the sample. Errors are half widths of a 95% interval; where no document
// of the sample changes, up to 3 of its n may have been missed (the rule of three).
function estimate(source, found) {
  const [documents, drawn] = [source.read.documents, source.sample.size];
  const scale = drawn ? documents / drawn : 0;
  const left = documents > 1 ? Math.max(0, (documents - drawn) / (documents - 1)) : 0;
  const error = (squares, sum) =>
    1.96 * documents * Math.sqrt((Math.max(0, squares / drawn - (sum / drawn) ** 2) / Math.max(drawn - 1, 1)) * left);
  const net = found.gained - found.lost;
  const changed = found.gained + found.lost;
  const missed = left && drawn ? (3 * documents) / drawn : 0;
  const meanWords = documents ? source.read.words / documents : 0;
  return {
    exact: left === 0,
    documents: Math.max(0, Math.round(source.passed.documents + scale * net)),
    words: Math.max(0, Math.round(source.passed.words + scale * found.words)),
    documentsError: changed ? Math.max(error(changed, net), left && scale) : missed,
    wordsError: changed ? error(found.squares, found.words) : missed * meanWords,
  };
}
