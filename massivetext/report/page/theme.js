// Light and dark: as the system has it, or as chosen here.

const THEMES = ["auto", "light", "dark"];

function storedTheme() {
  try {
    return localStorage.getItem("massivetext-theme");
  } catch {
    return null; // pages from a disk may have no storage
  }
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function setTheme(theme, button) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
  try {
    localStorage.setItem("massivetext-theme", theme);
  } catch { /* then it is chosen anew in the next page */ }
  redrawCharts();
}

function addThemeSwitch(place) {
  const button = make("button", {
    type: "button",
    class: "theme",
    onclick: () => setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "auto") + 1) % 3], button),
  }, "Theme: auto");
  place.append(button);
  const stored = storedTheme();
  if (stored && stored !== "auto" && THEMES.includes(stored)) setTheme(stored, button);
}
