"""The page as its readers use it, in Chromium: what it counts, finds, sorts, shows and prints."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pytest
from browser import DESKTOP, PHONE, OpenedPage, opened
from handmade_run import Writer
from whole_report import page_data_of, page_of, report_of

import massivetext
from massivetext.corpus.rule_changes import Value, change_rules, make_change
from massivetext.report.accumulate import read_columns
from massivetext.report.html_page import render_page
from massivetext.report.value_sample import sample_bounds, sample_values
from massivetext.rules import judge_documents, load_rule_set
from massivetext.runs.context import Context
from massivetext.runs.store import Run
from massivetext.signals import registry
from massivetext.stages.finished import open_context

SEED = 16


@pytest.fixture(scope="module")
def small_page(writer: Writer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the page of thirteen documents."""
    path = tmp_path_factory.mktemp("run 'a") / "report" / "index.html"
    path.parent.mkdir()
    path.write_text(page_of(writer.context), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def small(browser: Any, small_page: Path) -> Iterator[OpenedPage]:
    """The page of thirteen documents, opened."""
    with opened(browser, small_page) as page:
        yield page


@pytest.fixture(scope="module")
def large(browser: Any, quickstart: Path) -> Iterator[OpenedPage]:
    """The page of the quickstart, as the run wrote it."""
    with opened(browser, quickstart / "run/report/index.html") as page:
        yield page


def reset(page: OpenedPage) -> None:
    """Take all changes of limits back."""
    if page.tab.locator("button.reset").count():
        page.tab.click("button.reset")


def answers(page: OpenedPage) -> dict[str, dict[str, int]]:
    """Return what the page says is kept of each source."""
    rows = page.run(
        """() => [...document.querySelectorAll("#answer-table tbody tr")].map((row) => [row.dataset.source, {
          documents: Number(row.cells[1].dataset.after), words: Number(row.cells[2].dataset.after),
          gained: Number(row.dataset.gained), lost: Number(row.dataset.lost)}])"""
    )
    return dict(rows)


def rule_counts(page: OpenedPage) -> dict[str, tuple[int, int]]:
    """Return of each rule of the chosen source how many documents fail it, and it alone."""
    rows = page.run(
        """() => [...document.querySelectorAll(".rule")].map((row) => [row.dataset.rule, Number(row.dataset.failed),
          Number(row.dataset.alone)])"""
    )
    return {name: (failed, alone) for name, failed, alone in rows}


def random_changes(page: OpenedPage, count: int) -> list[tuple[str, int]]:
    """Return sliders of the chosen source and stops to move them to."""
    chance = random.Random(SEED)
    sliders = page.run(
        "() => [...document.querySelectorAll('input[type=range]')].map((each) => [each.dataset.limit, +each.max])"
    )
    return [(name, chance.randint(0, last)) for name, last in chance.choices(sliders, k=count)]


def copied(page: OpenedPage) -> dict[str, Value]:
    """Return the changes in the command that the page offers."""
    command = page.text(".changed-rules .command")
    words = [word.strip("'") for word in command.split(" --set ")[1:]]
    return {name: value for name, _, value in (word.partition("=") for word in words)}


# -- sliders -----------------------------------------------------------------------------------------------------------


def test_ten_random_changes_count_what_whatif_counts(large: OpenedPage, quickstart: Path) -> None:
    run = massivetext.open(quickstart / "run")
    for name, stop in random_changes(large, 10):
        large.set_limit(name, stop)  # the changes add up
        changes = copied(large) if large.tab.locator(".changed-rules .command").count() else {}
        found = run.whatif(changes).sources if changes else {}
        shown = answers(large)

        for source, effect in found.items():
            assert shown[source] == {
                "documents": effect.after.documents,
                "words": effect.after.words,
                "gained": effect.gained,
                "lost": effect.lost,
            }, (changes, source)
        counts = rule_counts(large)
        for rule, effect_of_rule in found["web"].rules.items() if found else ():
            assert counts[rule] == (effect_of_rule.failed_after, effect_of_rule.alone_after), (changes, rule)
    reset(large)


def test_alternatives_texts_and_marks_count_as_in_whatif(small: OpenedPage, writer: Writer) -> None:
    run = massivetext.open(writer.run.folder)
    stops = {"gopher/word_count.min": 60.0, "trial/stop.stop_word_count.min": 5.0}
    for name, value in stops.items():
        # Thirteen documents: every whole number up to 100 is a stop, from the smallest value on.
        slider = small.tab.locator(f'[data-limit="{name}"]')
        low = {"gopher/word_count.min": 10, "trial/stop.stop_word_count.min": 0}[name]
        assert slider.get_attribute("min") == "0"
        small.set_limit(name, int(value) - low)
    small.set_limit("trial/stop.report_only", True)  # ticked: it removes
    small.set_limit("lang/language.allow", "en, de")

    assert copied(small) == {
        "gopher/word_count.min": "60",
        "trial/stop.stop_word_count.min": "5",
        "trial/stop.report_only": "false",
        "lang/language.allow": "en,de",
    }
    found = run.whatif(copied(small)).sources
    for source, shown in answers(small).items():
        effect = found[source]
        assert (shown["documents"], shown["words"]) == (effect.after.documents, effect.after.words)
        assert (shown["gained"], shown["lost"]) == (effect.gained, effect.lost)
    counts = {name: (effect.failed_after, effect.alone_after) for name, effect in found["web"].rules.items()}
    assert rule_counts(small) == counts
    reset(small)


def test_a_smallest_value_stays_below_the_largest(small: OpenedPage) -> None:
    small.set_limit("gopher/word_count.min", 10_000)

    assert copied(small) == {"gopher/word_count.min": "100"}
    reset(small)
    assert small.tab.locator(".changed-rules .command").count() == 0


def test_the_changed_rule_set_is_one(large: OpenedPage, quickstart: Path, tmp_path: Path) -> None:
    run = massivetext.open(quickstart / "run")
    large.set_limit("gopher/word_count.min", 20)
    large.set_limit("gopher/bullet_line_frac.report_only", False)
    large.tab.click(".changed-rules summary")
    (tmp_path / "gopher.toml").write_text(large.text(".changed-rules pre"), encoding="utf-8")
    written = load_rule_set(str(tmp_path / "gopher.toml"), known=registry.types()).rules
    wanted = [rule for rule in run.changed_rules(copied(large))["web"] if rule.label.startswith("gopher/")]
    reset(large)

    assert [msgspec.structs.replace(rule, name=f"gopher/{rule.label}") for rule in written] == wanted


def test_a_sample_is_counted_as_the_rules_judge_it_and_the_error_is_said(
    browser: Any, quickstart: Path, tmp_path: Path
) -> None:
    context = open_context(Run(str(quickstart / "run")))
    report = report_of(context)
    path = tmp_path / "page.html"
    path.write_text(render_page(report, context.verdicts, page_data_of(context, report, 900)), encoding="utf-8")
    with opened(browser, path) as page:
        for name, stop in [("gopher/word_count.min", 110), *random_changes(page, 3)]:
            page.set_limit(name, stop)
        changes, shown = copied(page), answers(page)
        sentence, aside = page.text(".answer-line"), page.text(".answer")
        assert page.wrong == []

    table = _sampled(context, "web", 900)
    assert 100 < table.num_rows < 500
    rules = change_rules(context.rules, [make_change(name, value) for name, value in changes.items()])["web"]
    before, after = (judge_documents(table, each)[0] for each in (context.rules["web"], rules))
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    assert gained + lost > 0
    assert (shown["web"]["gained"], shown["web"]["lost"]) == (gained, lost)
    # Each sampled document stands for 1,500 / sampled of those that pass the rules of the run.
    passed = report.sources["web"].funnel["judge"].documents
    assert shown["web"]["documents"] == max(0, round(passed + 1500 / table.num_rows * (gained - lost)))
    assert "±" in sentence
    assert f"{table.num_rows} of web" in aside


def _sampled(context: Context, source: str, size: int) -> pa.Table:
    bounds = sample_bounds(context, size)
    return pa.concat_tables(sample_values(read_columns(context, shard), bounds) for shard in context.shards(source))


def test_a_sample_does_not_depend_on_shards(quickstart: Path) -> None:
    context = open_context(Run(str(quickstart / "run")))
    table, all_ranks = _sampled(context, "web", 900), _sampled(context, "web", 10**9)["rank"].to_numpy()
    drawn = np.sort(table["rank"].to_numpy())

    assert len(all_ranks) == 1500
    assert drawn.tolist() == np.sort(all_ranks)[: len(drawn)].tolist()


def _joined(run: Path, source: str) -> str:
    """Return an SQL table of the signals and rule verdicts of a source, from the Parquet files alone."""

    def read(data_set: str) -> str:
        files = f"'{run}/{data_set}/{source}/*.parquet'"
        return f"(SELECT *, parse_filename(filename) AS part FROM read_parquet({files}, filename=1, file_row_number=1))"

    return f"{read('signals')} AS s JOIN {read('verdicts/rules')} AS v USING (part, file_row_number)"


def test_the_numbers_are_those_of_the_parquet_files(large: OpenedPage, quickstart: Path) -> None:
    run = quickstart / "run"

    def ask(columns: str, source: str = "web", where: str = "true") -> tuple[int, ...]:
        with duckdb.connect() as database:
            (row,) = database.execute(f"SELECT {columns} FROM {_joined(run, source)} WHERE {where}").fetchall()
        return tuple(map(int, row))

    for source, shown in answers(large).items():
        documents, words = ask("count(*) FILTER (kept), sum(word_count) FILTER (kept)", source)
        assert (shown["documents"], shown["words"]) == (documents, words)
    rules = massivetext.open(run).rules["web"]
    counted = ask(", ".join(f"sum(failed >> {bit} & 1)" for bit in range(len(rules))))
    assert {name: failed for name, (failed, _) in rule_counts(large).items()} == {
        rule.label: count for rule, count in zip(rules, counted, strict=True)
    }
    large.tab.select_option("#signal", "duplicate_line_frac")
    bars = large.tab.locator("#signals-content .bars")
    bars.focus()
    bars.press("Home")
    first = "duplicate_line_frac >= 0 AND duplicate_line_frac < 0.01"
    passed, failed = ask("count(*) FILTER (kept), count(*) FILTER (NOT kept)", where=first)
    assert bars.get_attribute("aria-valuetext") == f"0 to 0.01: {passed:,} passed, {failed:,} failed"


# -- documents ---------------------------------------------------------------------------------------------------------


def test_a_bar_shows_its_documents_by_mouse_and_by_key(large: OpenedPage) -> None:
    large.tab.select_option("#signal", "word_count")
    bars = large.tab.locator("#signals-content .bars")
    bars.focus()
    bars.press("Home")
    first = bars.get_attribute("aria-valuetext")
    bars.press("ArrowRight")

    assert "passed" in first
    assert bars.get_attribute("aria-valuetext") != first
    box = bars.bounding_box()
    bars.click(position={"x": box["width"] * 0.3, "y": box["height"] - 3})
    text = large.text("#signals-content")
    assert "massivetext.open(" in text
    assert large.tab.locator("#signals-content article").count() > 0


def test_a_rule_shows_documents_on_both_sides_of_its_limit(large: OpenedPage) -> None:
    rule = large.tab.locator('[data-rule="gopher/word_count"]')
    rule.locator(".rule-name").click()
    text = rule.inner_text()
    outside, _, within = text.partition("Just outside the limit")[2].partition("Just within")
    values = [
        [int(part.split(":")[0].replace(",", "")) for part in side.split("word_count is ")[1:]]
        for side in (outside, within)
    ]
    rule.locator(".rule-name").click()

    assert "--rule gopher/word_count --near --source web" in text
    assert values[0]
    assert values[1]
    assert all(value < 50 or value > 100_000 for value in values[0])
    assert all(50 <= value <= 100_000 for value in values[1])


def test_a_search_finds_texts_hosts_and_rules_in_all_sources(small: OpenedPage) -> None:
    small.tab.fill("#search", "OTHER.example")
    hosts = small.text("#samples-content table")
    found = small.text("#samples-content .found")
    small.tab.fill("#search", "no such word")
    none = small.text("#samples-content")
    small.tab.fill("#search", "")
    small.tab.select_option("#kind", "removed")
    removed = small.text("#samples-content")
    small.tab.select_option("#kind", "all")

    assert "other.example" in hosts
    assert found == "1 document of this page in all sources"
    assert "No document of this page has all these words." in none
    assert "removed by" in removed
    assert "1 more" not in found


def test_a_command_is_copied_with_the_folder_of_the_run(small: OpenedPage) -> None:
    small.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    small.tab.locator("#samples-content .copy").first.click()
    text = small.run("() => navigator.clipboard.readText()")

    assert text.startswith("massivetext trace '/")
    assert """run '"'"'a""" in text  # as a shell reads a quotation mark


def test_hostile_texts_are_shown_and_do_nothing(small: OpenedPage) -> None:
    small.tab.fill("#search", "alert")
    text = small.text("#samples-content blockquote")
    url = small.text("#samples-content .origin")
    small.tab.fill("#search", "")

    assert "</script><script>alert('&')</script> <!-- " in text
    assert url == "https://example.com/<b>?a=1&b=2\ufffd"  # what follows is not written backwards
    assert (
        small.run(
            "() => document.querySelectorAll('main script, main b, main img, main iframe, main a[href^=http]').length"
        )
        == 0
    )


# -- tables, theme, print, access --------------------------------------------------------------------------------------


def test_a_table_sorts_and_filters(large: OpenedPage) -> None:
    table = large.tab.locator("#funnel table")
    table.locator("th button").nth(1).click()
    falling = table.locator("tbody th").all_inner_texts()
    table.locator("th button").nth(1).click()
    rising = table.locator("tbody th").all_inner_texts()

    assert falling == ["web", "news", "wikipedia", "code", "books"]
    assert rising == falling[::-1]
    assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
    large.tab.fill("#rule-filter", "stop")
    shown = [each for each in large.tab.locator(".rule").all() if each.is_visible()]
    assert [each.get_attribute("data-rule") for each in shown] == ["gopher/stop_word_count"]
    large.tab.fill("#rule-filter", "")


def test_another_source_has_its_own_rules_and_keeps_the_changes(small: OpenedPage) -> None:
    small.set_limit("lang/language.allow", "de")
    small.tab.select_option("#source", "wikipedia")
    rules = list(rule_counts(small))
    shown = answers(small)
    small.tab.select_option("#source", "web")
    reset(small)

    assert rules == ["lang/language"]
    assert shown["wikipedia"]["documents"] == 0


def test_the_theme_is_switched_and_stays(small: OpenedPage) -> None:
    def paper() -> str:
        return str(small.run("() => getComputedStyle(document.body).backgroundColor"))

    light = paper()
    small.tab.click("button.theme")
    small.tab.click("button.theme")
    dark = paper()
    small.tab.reload()
    small.tab.wait_for_selector("html[data-ready]")
    kept = paper()
    small.tab.click("button.theme")

    assert dark != light
    assert kept == dark
    assert small.text("button.theme") == "Theme: auto"
    assert paper() == light


def violations(page: OpenedPage) -> list[str]:
    """Return what axe-core finds in the page as it is now."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    page.run((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.run("() => axe.run(document, { resultTypes: ['violations'] })")
    return [f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]}" for each in found["violations"]]


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_axe_finds_nothing(browser: Any, small_page: Path, viewport: dict[str, int], scheme: str) -> None:
    with opened(browser, small_page, viewport, scheme) as page:
        page.tab.click('[data-rule="gopher/word_count"] .rule-name')
        page.set_limit("gopher/word_count.min", 30)
        for summary in page.tab.locator("details > summary").all():
            if summary.is_visible():
                summary.click()
        found = violations(page)
        assert page.wrong == []

    assert found == []


def test_axe_finds_nothing_in_the_quickstart(large: OpenedPage) -> None:
    assert violations(large) == []


def test_on_a_phone_nothing_is_hidden_at_the_edge_without_a_sign(browser: Any, quickstart: Path) -> None:
    with opened(browser, quickstart / "run/report/index.html", viewport=PHONE) as page:
        wide = page.run("() => document.documentElement.scrollWidth")
        cut = page.run(
            """() => [...document.querySelectorAll("body *")]
                      .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 2)
              .filter((each) => ["auto", "scroll", "hidden"].includes(getComputedStyle(each).overflowX))
              .filter((each) => !each.classList.contains("more-right") && each.tagName !== "INPUT")
              .map((each) => each.outerHTML.slice(0, 100))"""
        )
        assert page.wrong == []

    assert wide == PHONE["width"]
    assert cut == []


def test_it_prints(large: OpenedPage, tmp_path: Path) -> None:
    large.tab.emulate_media(media="print")
    hidden = large.run("() => getComputedStyle(document.querySelector('nav')).display")
    large.tab.set_viewport_size({"width": 718, "height": 1000})  # A4 with the margins of Chromium
    beyond = large.run(
        """() => [...document.querySelectorAll("table")]
          .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1)
          .map((each) => each.caption.textContent)"""
    )
    large.tab.set_viewport_size(DESKTOP)
    pages = large.tab.pdf()
    large.tab.emulate_media(media="screen")

    assert hidden == "none"
    assert beyond == []
    assert pages.startswith(b"%PDF")
    assert 3 <= pages.count(b"/Type /Page\n") <= 40


def test_a_page_without_a_sample_opens(browser: Any, context: Context, tmp_path: Path) -> None:
    report = report_of(context)
    path = tmp_path / "page.html"
    path.write_text(render_page(report, context.verdicts, page_data_of(context, report, 0)), encoding="utf-8")
    with opened(browser, path) as page:
        page.set_limit("gopher/duplicate_line_frac.max", 0)
        page.tab.click('[data-rule="gopher/duplicate_line_frac"] .rule-name')
        shown, aside = answers(page), page.text(".answer")
        assert page.wrong == []

    assert shown["web"] == {"documents": 7, "words": 481, "gained": 0, "lost": 0}
    assert "0 of web" in aside


def test_nothing_went_wrong_in_either_page(small: OpenedPage, large: OpenedPage) -> None:
    assert small.wrong == []
    assert large.wrong == []
