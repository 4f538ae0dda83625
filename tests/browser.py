"""Chromium for tests: one process, without network, and pages that collect what they must not do."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium with an empty profile, and end it; tests skip where there is none, but never in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        message = "no Chromium: install Debian's package chromium and the Python package playwright"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class OpenedPage:
    """A report in a tab; ``wrong`` are errors, messages of the console, dialogs, and requests of anything else."""

    tab: Any
    wrong: list[str] = field(default_factory=list)

    def run(self, script: str, argument: object = None) -> Any:
        """Return the value of a JavaScript function that is called in the page."""
        return self.tab.evaluate(script, argument)

    def set_limit(self, name: str, value: object) -> None:
        """Move a slider to a stop, or give another control its value, as a hand would."""
        self.run(_SET_LIMIT, [name, value])

    def text(self, selector: str) -> str:
        """Return the text of the first element that a selector finds."""
        return str(self.tab.locator(selector).first.inner_text())


_SET_LIMIT = """async ([name, value]) => {
  const input = document.querySelector(`[data-limit="${name}"]`);
  if (input.type === "checkbox") input.checked = value;
  else input.value = value;
  input.dispatchEvent(new Event("input"));
  input.dispatchEvent(new Event("change"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@contextlib.contextmanager
def opened(browser: Any, path: Path, viewport: dict[str, int] = DESKTOP, scheme: str = "light") -> Iterator[OpenedPage]:
    """Open a page from the disk in a context of its own, wait until it is ready, and close it at the end."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    page = OpenedPage(context.new_page())
    page.tab.on("console", lambda message: page.wrong.append(f"console: {message.text}"))
    page.tab.on("pageerror", lambda error: page.wrong.append(f"error: {error}"))
    page.tab.on("dialog", lambda dialog: _refuse_dialog(page, dialog))
    page.tab.on("request", lambda request: _note_request(page, request.url, path))
    page.tab.goto(path.resolve().as_uri())
    page.tab.wait_for_selector("html[data-ready]", timeout=60_000)
    yield page
    context.close()


def _refuse_dialog(page: OpenedPage, dialog: Any) -> None:
    page.wrong.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _note_request(page: OpenedPage, url: str, path: Path) -> None:
    if url.partition("#")[0] != path.resolve().as_uri() and not url.startswith(("data:", "blob:")):
        page.wrong.append(f"request: {url}")
