// The changed rules as text: options of a command, and a rule set as massivetext/corpus/rule_set_file.py writes it.

function settingWords(changes) {
  return [...changes].map(([name, value]) => `--set ${shellWord(`${name}=${Array.isArray(value) ? value.join(",") : value}`)}`);
}

const whatIfCommand = (changes) => ["massivetext whatif", runFolder(), ...settingWords(changes)].join(" ");

const tomlText = (text) => JSON.stringify(text).replaceAll("\x7f", "\\u007f");

function tomlNumber(value) {
  const text = String(value);
  return /^-?\d+e/.test(text) ? text.replace("e", ".0e") : text;
}

function boundLines(bounds) {
  const lines = [`signal = ${tomlText(bounds.signal)}`];
  for (const field of ["min", "max"]) if (bounds[field] !== null) lines.push(`${field} = ${tomlNumber(bounds[field])}`);
  if (bounds.allow) lines.push(`allow = [${bounds.allow.map(tomlText).join(", ")}]`);
  return lines;
}

function ruleText(rule) {
  const name = rule.rule.split("/").at(-1);
  const inline = (bounds) => `{ ${boundLines(bounds).join(", ")} }`;
  const lines = rule.passes.length === 1 && name === rule.passes[0].signal ? [] : [`name = ${tomlText(name)}`];
  if (rule.passes.length === 1) lines.push(...boundLines(rule.passes[0]));
  else lines.push(`any_of = [${rule.passes.map(inline).join(", ")}]`);
  if (rule.where) lines.push(`where = ${inline(rule.where)}`);
  if (rule.report_only) lines.push("report_only = true");
  lines.push(`source = ${tomlText(rule.citation)}`);
  return `\n[[rule]]\n${lines.join("\n")}\n`;
}

// Return the rule sets of a source that the changes concern, as (name, text).
function changedRuleSets(source, changes) {
  const setOf = (rule) => rule.rule.split("/")[0];
  const changed = new Set([...changes.keys()].map((name) => name.split("/")[0]));
  return [...new Set(source.rules.map(setOf))].filter((name) => changed.has(name)).map((name) => {
    const rules = source.rules.filter((rule) => setOf(rule) === name).map((rule) => changedRule(rule, changes));
    return [name, `# Rule set ${name} with ${settingWords(changes).join(" ")}\n${rules.map(ruleText).join("")}`];
  });
}
