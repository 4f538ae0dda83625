// Elements are made from text alone: nothing that comes from a document is ever read as markup.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const code = (text, css) => make("code", { class: css }, text);

// A part of the page that can be closed; its content is made when it is opened for the first time.
function disclosure(summary, content, attributes = {}) {
  const details = make("details", attributes, make("summary", {}, summary));
  const fill = () => {
    if (details.open && details.childElementCount === 1) {
      details.append(...content());
      improveTables(details);
    }
  };
  details.addEventListener("toggle", fill);
  fill();
  return details;
}

// A command with a button that copies it. `command` may be a function of the time at which it is shown or copied.
function copyable(command) {
  const shown = code(command, "command");
  const button = make("button", {
    type: "button",
    class: "copy",
    "aria-label": `Copy: ${command}`,
    onclick: async () => {
      await copyText(command);
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    },
  }, "copy");
  return make("span", { class: "copyable" }, shown, button);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "off-screen", "aria-hidden": "true" }, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// The folder of the run as a word of a shell. The page itself has no paths, so it is where the page is opened from.
function runFolder() {
  const given = document.body.dataset.run;
  const found = decodeURIComponent(location.pathname).match(/^(.+)\/report\/index\.html$/);
  const folder = given || (location.protocol === "file:" && found ? found[1] : "RUN");
  return shellWord(folder);
}

function shellWord(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
}
