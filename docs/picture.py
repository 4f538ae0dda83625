"""Make the picture of the report page in the README anew: docs/report.png.

    python docs/picture.py runs/quickstart/report/index.html

It needs Chromium and what ``pip install -e .[dev]`` brings. The page is that of the quickstart; a limit is moved as a
reader would.
"""  # noqa: INP001

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).with_name("report.png")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
LIMIT, VALUE = "gopher/word_count.min", 200
SHOW = """([limit, value]) => {
  document.body.dataset.run = "runs/quickstart";
  const input = document.querySelector(`[data-limit="${limit}"]`);
  while (Number(input.nextElementSibling.textContent) < value) {
    input.value = Number(input.value) + 1;
    input.dispatchEvent(new Event("input"));
  }
  document.querySelector(`[data-rule="${limit.split(".")[0]}"] .rule-name`).click();
  document.querySelector(`[data-rule="${limit.split(".")[0]}"]`).scrollIntoView();
  scrollBy(0, -220);
}"""


def main(page_path: str) -> None:
    """Take the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1180, "height": 860}, color_scheme="light")
        page.goto(Path(page_path).resolve().as_uri())
        page.wait_for_selector("html[data-ready]")
        page.evaluate(SHOW, [LIMIT, VALUE])
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
