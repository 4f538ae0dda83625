// What the page shows now: its data, the source that is looked at, and the changed limits.

let data = null;
let chartSpecs = {};
let chosenSource = "";
const changes = new Map();
const judges = new Map();
const sourceListeners = [];
const changeListeners = [];

const onSource = (listener) => sourceListeners.push(listener);

// A listener is called once a frame, however many changes come before it.
function onChange(listener) {
  let waiting = 0;
  changeListeners.push(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(listener);
  });
}

// The data are JSON, compressed by zlib, in Base64: see massivetext/report/page_data.py.
async function readData(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function judgeOf(name) {
  if (!judges.has(name)) judges.set(name, new SampleJudge(data.sources[name], data.stops, data.texts));
  return judges.get(name);
}

function chooseSource(name) {
  chosenSource = name;
  sourceListeners.forEach((listener) => listener());
}

// Set a limit, or take the change back if it is the limit that the run has.
function setLimit(name, value, original) {
  if (JSON.stringify(value) === JSON.stringify(original)) changes.delete(name);
  else changes.set(name, value);
  changeListeners.forEach((listener) => listener());
}

function resetLimits() {
  changes.clear();
  sourceListeners.forEach((listener) => listener());
  changeListeners.forEach((listener) => listener());
}

// The source that loses most documents to its rules is looked at first.
function firstSource() {
  const lost = (source) => source.read.documents - source.passed.documents;
  const names = Object.keys(data.sources);
  return names.reduce((best, name) => (lost(data.sources[name]) > lost(data.sources[best]) ? name : best), names[0]);
}
