"""Elements that several sections use: headings, containers of charts, legends, documents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from massivetext.formatting import format_value
from massivetext.report.charts import Spec
from massivetext.report.examples import DocumentExample, Failure
from massivetext.report.markup import Child, Html, element, format_code, join_html
from massivetext.text import printable

T = TypeVar("T")

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(slots=True)
class PageCharts:
    """Collects the charts of a page while its sections are made."""

    specs: dict[str, Spec] = field(default_factory=dict)

    def add(self, name: str, spec: Spec, label: str, *, css: str = "chart") -> Html:
        """Add a chart and return the element that will hold it; ``label`` describes it to people who cannot see it."""
        self.specs[name] = spec
        return element("div", class_=css, data_chart=name, role="img", aria_label=label)


def section(identifier: str, title: str, explanation: str, *content: Child) -> Html:
    """Return a section with its heading and an explanation of its content."""
    heading = element("h2", title, id=f"{identifier}-title")
    body = join_html([heading, element("p", format_code(explanation), class_="explanation"), *content])
    return element("section", body, id=identifier, aria_labelledby=f"{identifier}-title")


def share_out(samples: Sequence[Sequence[T]], most: int) -> list[T]:
    """Return at most ``most`` entries, in the order of samples: the first of each sample, then the second ones."""
    numbered = [(turn, number) for number, sample in enumerate(samples) for turn in range(len(sample))]
    chosen = sorted(sorted(numbered)[:most], key=lambda place: (place[1], place[0]))
    return [samples[number][turn] for turn, number in chosen]


def legend(*entries: tuple[str, str]) -> Html:
    """Return a legend of (class of the swatch, meaning). It is hidden from screen readers, which read chart labels."""
    shown = (element("span", element("span", class_=f"swatch {css}"), meaning) for css, meaning in entries)
    return element("p", *shown, class_="legend", aria_hidden="true")


def document_html(example: DocumentExample, role: str | None = None) -> Html:
    """Return a document as HTML: its origin, the rules that it fails, its first characters."""
    failures = [element("li", element("code", failure.rule), f" {_values(failure)}") for failure in example.failures]
    cut = example.characters > len(example.excerpt)
    rest = f"… ({example.characters:,} characters)" if cut else None
    return element(
        "article",
        element(
            "p", element("span", f"{role}: ", class_="role") if role else None, origin_html(example), class_="where"
        ),
        element("ul", *failures, class_="failures") if failures else None,
        element(
            "blockquote",
            _BLANK_LINES.sub("\n\n", example.excerpt) or element("em", "an empty text"),
            element("span", rest, class_="rest"),
            dir="auto",
        ),
        data_id=example.id,
    )


def _values(failure: Failure) -> str:
    """Return the values of a failed rule; a rule that is named after its signal needs the value alone."""
    return ", ".join(
        format_value(value) if failure.rule.endswith(f"/{signal}") else f"{signal} is {format_value(value)}"
        for signal, value in failure.values.items()
    )


def origin_html(example: DocumentExample) -> Html:
    """Return the origin and the id of a document as HTML."""
    name = printable(example.url or f"{example.origin} {example.key}")
    return join_html([element("bdi", name, class_="origin"), " ", element("code", example.id, class_="id")])
