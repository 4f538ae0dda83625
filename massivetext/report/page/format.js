// Numbers as text, in the forms of massivetext/formatting.py.

const UNITS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const fourDigits = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

const formatWhole = (count) => whole.format(count);

function formatCount(count) {
  const unit = UNITS.find(([size]) => Math.abs(count) >= size);
  return unit ? `${(count / unit[0]).toFixed(1)} ${unit[1]}` : whole.format(count);
}

function formatBytes(count) {
  return Math.abs(count) < 1000 ? `${whole.format(count)} bytes` : `${formatCount(count)}B`;
}

function formatShare(part, all) {
  if (all === 0) return "–";
  const percent = (100 * part) / all;
  return percent >= 1 || part === 0 ? `${percent.toFixed(1)}%` : `${Number(percent.toPrecision(2))}%`;
}

function formatValue(value) {
  if (typeof value === "string") return value;
  return Number.isInteger(value) ? whole.format(value) : fourDigits.format(value);
}

const formatChange = (count, format) => (count > 0 ? `+${format(count)}` : count < 0 ? `−${format(-count)}` : "±0");

function formatTick(value) {
  const unit = UNITS.find(([size]) => value >= size);
  return unit ? `${Number((value / unit[0]).toPrecision(4))}${unit[1]}` : `${value}`;
}

const countNoun = (count, noun) => `${formatWhole(count)} ${noun}${count === 1 ? "" : "s"}`;

// Bounds in words, as massivetext/report/wording.py has them.
function describeBounds(bounds) {
  if (bounds.allow) return bounds.allow.join(" or ");
  if (bounds.min === null) return `at most ${formatValue(bounds.max)}`;
  if (bounds.max === null) return `at least ${formatValue(bounds.min)}`;
  return `${formatValue(bounds.min)} to ${formatValue(bounds.max)}`;
}

function describeRule(rule) {
  const several = rule.passes.length > 1;
  const passes = rule.passes.map((each) => (several ? `${each.signal}: ${describeBounds(each)}` : describeBounds(each)));
  return passes.join(", or ") + (rule.where ? `, where ${rule.where.signal} is ${describeBounds(rule.where)}` : "");
}
