"""The report as one self-contained HTML page: styles, charts and the chart library are embedded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from massivetext.report.markup import Child, Html, element, format_code, join_html, script_json
from massivetext.report.page_data import PageData, pack_page_data
from massivetext.report.remarks import remarks
from massivetext.report.run_report import RunReport
from massivetext.report.sections.asked_sections import rules_section, samples_section, signals_section
from massivetext.report.sections.building_blocks import PageCharts, section
from massivetext.report.sections.canaries_section import canaries_section
from massivetext.report.sections.copies_section import duplicates_section
from massivetext.report.sections.edits_section import edits_section
from massivetext.report.sections.funnel_section import funnel_section
from massivetext.report.sections.inputs_section import quarantine_section
from massivetext.report.sections.leaks_section import overlap_section
from massivetext.report.sections.output_section import mixture_section, tokenizer_section
from massivetext.report.vega import library
from massivetext.report.wording import VerdictSets, headline, join_words, verdict
from massivetext.runs.stage import VerdictSet
from massivetext.stages import CANARIES, REPORT, STAGES, TOKENIZER

# The page must fetch nothing, whatever the text of a document is. Vega compiles its expressions: hence unsafe-eval.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
# Later files use what earlier ones define.
_SCRIPTS = (
    "dom", "format", "state", "tables", "judging", "rule_set", "documents", "histogram", "signals", "limits", "charts",
    "theme", "main",
)  # fmt: skip
_REMARKS = 4  # shown at once
_WITHOUT_SCRIPT = (
    "Without JavaScript the charts, the limits and the documents to look at are missing; all numbers are in "
    "report.json beside this page."
)
_TITLES = {
    "funnel": "Funnel",
    "rules": "Rules",
    "signals": "Signals",
    "samples": "Documents",
    "edits": "Line edits",
    "duplicates": "Duplicates",
    "contamination": "Test sets",
    CANARIES.name: "Canaries",
    "mixture": "Mixture",
    TOKENIZER.name: "Tokenizer",
    "quarantine": "Unreadable",
    "next": "How to go on",
}


class AddedSection(NamedTuple):
    """A section that only some pages have.

    Attributes:
        name: its name in addresses.
        title: its title in the navigation.
        content: the section.
        late: whether it is the last but one of the page; otherwise it comes after the funnel.
    """

    name: str
    title: str
    content: Html
    late: bool = False


def render_page(
    report: RunReport, verdicts: Sequence[VerdictSet], data: PageData, added: Sequence[AddedSection] = (), run: str = ""
) -> str:
    """Return the page as HTML; equal arguments give equal bytes.

    Args:
        report: the report to show.
        verdicts: the verdict sets of the run, also those of stages that are not complete.
        data: the data for the questions that the page answers.
        added: further sections.
        run: path of the run for the commands on the page; empty: it is where the page is opened from.
    """
    named = {each.stage: each for each in verdicts}
    page_charts = PageCharts()
    sections = {
        "funnel": funnel_section(report, page_charts, named),
        **{each.name: each.content for each in added if not each.late},
        "rules": rules_section(report),
        "signals": signals_section(),
        "samples": samples_section(),
        "edits": edits_section(report),
        "duplicates": duplicates_section(report, page_charts, named),
        "contamination": overlap_section(report),
        CANARIES.name: canaries_section(report),
        "mixture": mixture_section(report, page_charts),
        TOKENIZER.name: tokenizer_section(report),
        "quarantine": quarantine_section(report),
        **{each.name: each.content for each in added if each.late},
        "next": _next(report),
    }
    shown = {name: content for name, content in sections.items() if content}
    titles = _TITLES | {each.name: each.title for each in added}
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{report.recipe}: {headline(report)}"),
        element("style", _file("page.css")),
    )
    body = element(
        "body",
        element("a", "Skip to the report", href="#funnel", class_="skip"),
        _header(report, named),
        _navigation({name: titles[name] for name in shown}),
        element("main", *shown.values()),
        _footer(report),
        script_json("charts", page_charts.specs),
        element("script", Html(pack_page_data(data)), type="text/plain", id="data"),
        element("script", library()),
        element("script", _script()),
        data_run=run or None,
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _file(name: str) -> Html:
    return Html((Path(__file__).parent / "page" / name).read_text(encoding="utf-8"))


def _script() -> Html:
    """Return the script of the page: its files in order, in one scope of their own."""
    files = "\n".join(f"// {name}.js\n{_file(f'{name}.js')}" for name in _SCRIPTS)
    return Html(f'"use strict";\n(() => {{\n{files}}})();\n')


def _header(report: RunReport, verdicts: VerdictSets) -> Html:
    recipe = join_html(
        ["Recipe ", element("strong", report.recipe), f" · seed {report.seed} · massivetext {report.version}"]
    )
    return element(
        "header",
        element("div", element("p", recipe), element("div", id="theme"), class_="eyebrow"),
        element("h1", headline(report)),
        element("p", verdict(report, verdicts), class_="lead"),
        _unfinished(report),
        _worth_a_look(remarks(report)),
        element("noscript", element("p", _WITHOUT_SCRIPT)),
    )


def _worth_a_look(found: Sequence[str]) -> Child:
    if not found:
        return None
    first, rest = (
        [element("li", format_code(remark)) for remark in part] for part in (found[:_REMARKS], found[_REMARKS:])
    )
    more = element("details", element("summary", f"{len(rest)} more"), element("ul", *rest)) if rest else None
    return element("div", element("h2", "Worth a look"), element("ul", *first), more, class_="warnings")


def _unfinished(report: RunReport) -> Child:
    others = [stage for stage in STAGES if stage is not REPORT and not stage.is_optional]
    missing = [stage.name for stage in others if stage.name not in report.stages]
    if not missing:
        return None
    return element(
        "p",
        f"The run has come as far as {report.stages[-1]}; still to come: {join_words(missing)}.",
        class_="unfinished",
    )


def _navigation(titles: Mapping[str, str]) -> Html:
    links = (element("li", element("a", title, href=f"#{name}")) for name, title in titles.items())
    return element(
        "nav",
        element("div", element("div", id="source-choice"), element("ul", *links), class_="bar"),
        aria_label="Sections",
    )


def _next(report: RunReport) -> Html:
    commands = {
        "massivetext trace RUN ID --all": "says of one document every signal, each rule's verdict, what it "
        "duplicates and where its tokens are; ID is any of the ids on this page, a URL, or part of a file name.",
        "massivetext run RECIPE --output RUN": "goes on with this run, or, after a change of the recipe or of a rule, "
        "redoes the stages that the change concerns and no others. To try a limit without removing anything, give its "
        "rule `report_only = true`.",
        "massivetext verify RUN": "hashes every file of the run again.",
    }
    listed = (
        join_html([element("dt", element("code", what)), element("dd", format_code(sentence))])
        for what, sentence in commands.items()
    )
    return section(
        "next",
        "How to go on",
        "RUN is the folder that holds this report; every number on this page is in `report/report.json` beside it.",
        element("dl", *listed),
    )


def _footer(report: RunReport) -> Html:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report.libraries.items()))
    return element(
        "footer",
        element("p", "Recipe hash ", element("code", report.recipe_sha256)),
        element("p", versions) if versions else None,
    )
