"""The report as one self-contained HTML page: styles, charts and the chart library are embedded."""

from collections.abc import Sequence
from pathlib import Path

from massivetext.report.markup import Child, Html, element, format_code, join_html, script_json
from massivetext.report.run_report import RunReport
from massivetext.report.sections.building_blocks import PageCharts, section
from massivetext.report.sections.copies_section import duplicates_section
from massivetext.report.sections.edits_section import edits_section
from massivetext.report.sections.inputs_section import quarantine_section
from massivetext.report.sections.leaks_section import overlap_section
from massivetext.report.sections.losses_section import funnel_section, rules_section
from massivetext.report.sections.output_section import mixture_section, tokenizer_section
from massivetext.report.sections.samples_section import samples_section
from massivetext.report.sections.signals_section import signals_section
from massivetext.report.vega import library
from massivetext.report.wording import VerdictSets, headline, join_words, verdict
from massivetext.runs.stage import VerdictSet
from massivetext.stages import REPORT, STAGES, TOKENIZER

# The page must fetch nothing, whatever the text of a document is. Vega compiles its expressions: hence unsafe-eval.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_TITLES = {
    "funnel": "Funnel",
    "edits": "Line edits",
    "rules": "Rules",
    "signals": "Signals",
    "duplicates": "Duplicates",
    "contamination": "Test sets",
    "mixture": "Mixture",
    TOKENIZER.name: "Tokenizer",
    "quarantine": "Unreadable input",
    "samples": "Samples",
    "next": "How to go on",
}


def render_page(report: RunReport, verdicts: Sequence[VerdictSet]) -> str:
    """Return the page as HTML; equal reports give equal bytes.

    Args:
        report: the report to show.
        verdicts: the verdict sets of the run, also those of stages that are not complete.
    """
    named = {each.stage: each for each in verdicts}
    page_charts = PageCharts()
    sections = {
        "funnel": funnel_section(report, page_charts, named),
        "edits": edits_section(report),
        "rules": rules_section(report, page_charts),
        "signals": signals_section(report, page_charts),
        "duplicates": duplicates_section(report, page_charts, named),
        "contamination": overlap_section(report),
        "mixture": mixture_section(report, page_charts),
        TOKENIZER.name: tokenizer_section(report),
        "quarantine": quarantine_section(report),
        "samples": samples_section(report),
        "next": _next(report),
    }
    shown = {name: content for name, content in sections.items() if content}
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
        _navigation(list(shown)),
        element("main", *shown.values()),
        _footer(report),
        script_json("charts", page_charts.specs),
        element("script", library()),
        element("script", _file("page.js")),
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


def _file(name: str) -> Html:
    return Html((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _header(report: RunReport, verdicts: VerdictSets) -> Html:
    recipe = join_html(
        ["Recipe ", element("strong", report.recipe), f" · seed {report.seed} · massivetext {report.version}"]
    )
    warnings = element("ul", *(element("li", format_code(warning)) for warning in report.warnings))
    return element(
        "header",
        element("p", recipe, class_="eyebrow"),
        element("h1", headline(report)),
        element("p", verdict(report, verdicts), class_="lead"),
        _unfinished(report),
        element("div", element("h2", "Worth a look"), warnings, class_="warnings") if report.warnings else None,
        element("noscript", element("p", "The charts need JavaScript; their numbers are in the tables.")),
    )


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


def _navigation(names: list[str]) -> Html:
    links = (element("li", element("a", _TITLES[name], href=f"#{name}")) for name in names)
    return element("nav", element("ul", *links), aria_label="Sections")


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
