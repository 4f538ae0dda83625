"""The report as one page that needs nothing else: styles, charts and their library are within it."""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import vl_convert

from massivetext.report.markup import Child, Html, coded, element, join, script_json
from massivetext.report.sections.building_blocks import Charts, section
from massivetext.report.sections.copies_section import duplicates
from massivetext.report.sections.edits_section import edits
from massivetext.report.sections.inputs_section import quarantine
from massivetext.report.sections.leaks_section import contamination
from massivetext.report.sections.losses_section import funnel, rules
from massivetext.report.sections.output_section import mixture, tokenizer
from massivetext.report.sections.samples_section import samples
from massivetext.report.sections.signals_section import signals
from massivetext.report.summary import Report
from massivetext.report.wording import VerdictSets, enumeration, headline, verdict
from massivetext.runs.stage import VerdictSet
from massivetext.stages import REPORT, STAGES, TOKENIZER

# Nothing is ever fetched, whatever a document says; Vega compiles its expressions, hence unsafe-eval.
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


def render(report: Report, verdicts: Sequence[VerdictSet]) -> str:
    """Return the page as HTML: the same bytes for the same report.

    Args:
        report: what is shown.
        verdicts: the verdicts of the run, those of stages that are not done among them.
    """
    named = {each.stage: each for each in verdicts}
    drawn = Charts()
    sections = {
        "funnel": funnel(report, drawn, named),
        "edits": edits(report),
        "rules": rules(report, drawn),
        "signals": signals(report, drawn),
        "duplicates": duplicates(report, drawn, named),
        "contamination": contamination(report),
        "mixture": mixture(report, drawn),
        TOKENIZER.name: tokenizer(report),
        "quarantine": quarantine(report),
        "samples": samples(report),
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
        script_json("charts", drawn.specs),
        element("script", library()),
        element("script", _file("page.js")),
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n{body}\n</html>\n'


@functools.cache
def library() -> Html:
    """Vega, Vega-Lite and Vega-Embed as one script that cannot end its element early."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return Html(re.sub("<(?=/script|!--)", r"\\x3c", bundle, flags=re.IGNORECASE))


def _file(name: str) -> Html:
    return Html((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _header(report: Report, verdicts: VerdictSets) -> Html:
    recipe = join(
        ["Recipe ", element("strong", report.recipe), f" · seed {report.seed} · massivetext {report.version}"]
    )
    warnings = element("ul", *(element("li", coded(warning)) for warning in report.warnings))
    return element(
        "header",
        element("p", recipe, class_="eyebrow"),
        element("h1", headline(report)),
        element("p", verdict(report, verdicts), class_="lead"),
        _unfinished(report),
        element("div", element("h2", "Worth a look"), warnings, class_="warnings") if report.warnings else None,
        element("noscript", element("p", "The charts need JavaScript; their numbers are in the tables.")),
    )


def _unfinished(report: Report) -> Child:
    missing = [stage.name for stage in STAGES if stage.name not in report.stages and stage is not REPORT]
    if not missing:
        return None
    return element(
        "p",
        f"The run has come as far as {report.stages[-1]}; still to come: {enumeration(missing)}.",
        class_="unfinished",
    )


def _navigation(names: list[str]) -> Html:
    links = (element("li", element("a", _TITLES[name], href=f"#{name}")) for name in names)
    return element("nav", element("ul", *links), aria_label="Sections")


def _next(report: Report) -> Html:
    commands = {
        "massivetext trace RUN ID": "says of one document every signal, each rule's verdict, what it duplicates and "
        "where its tokens are; ID is any of the ids on this page, a URL, or part of a file name.",
        "massivetext run RECIPE --output RUN": "goes on with this run, or, after a change of the recipe or of a rule, "
        "redoes the stages that the change concerns and no others. To try a limit without removing anything, give its "
        "rule `report_only = true`.",
        "massivetext verify RUN": "hashes every file of the run again.",
    }
    listed = (
        join([element("dt", element("code", what)), element("dd", coded(says))]) for what, says in commands.items()
    )
    return section(
        "next",
        "How to go on",
        "RUN is the folder that holds this report; every number on this page is in `report/report.json` beside it.",
        element("dl", *listed),
    )


def _footer(report: Report) -> Html:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report.libraries.items()))
    return element(
        "footer",
        element("p", "Recipe hash ", element("code", report.recipe_sha256)),
        element("p", versions) if versions else None,
    )
