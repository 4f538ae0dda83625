"""What sections are made of: headings, places for charts, documents."""

import re
from dataclasses import dataclass, field

from massivetext.report.charts import Spec
from massivetext.report.examples import Example, Failure
from massivetext.report.markup import Child, Html, coded, element, join
from massivetext.report.wording import number

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(slots=True)
class Charts:
    """The charts of a page, gathered while it is written."""

    specs: dict[str, Spec] = field(default_factory=dict)

    def add(self, name: str, spec: Spec, label: str, *, css: str = "chart") -> Html:
        """The place where a chart will be drawn; ``label`` says what it shows to those who do not see it."""
        self.specs[name] = spec
        return element("div", class_=css, data_chart=name, role="img", aria_label=label)


def section(identifier: str, title: str, explanation: str, *content: Child) -> Html:
    """A section with its heading and a sentence that says what is in it."""
    heading = element("h2", title, id=f"{identifier}-title")
    body = join([heading, element("p", coded(explanation), class_="explanation"), *content])
    return element("section", body, id=identifier, aria_labelledby=f"{identifier}-title")


def legend(*entries: tuple[str, str]) -> Html:
    """What colours mean: (class of the swatch, meaning). The charts' labels say it to those who do not see them."""
    shown = (element("span", element("span", class_=f"swatch {css}"), meaning) for css, meaning in entries)
    return element("p", *shown, class_="legend", aria_hidden="true")


def document(example: Example, role: str | None = None) -> Html:
    """A document: where it is from, the rules that it fails, how it begins."""
    failures = [element("li", element("code", failure.rule), f" {_values(failure)}") for failure in example.failures]
    cut = example.characters > len(example.excerpt)
    rest = f"… ({example.characters:,} characters)" if cut else None
    return element(
        "article",
        element("p", element("span", f"{role}: ", class_="role") if role else None, origin(example), class_="where"),
        element("ul", *failures, class_="failures") if failures else None,
        element(
            "blockquote",
            _BLANK_LINES.sub("\n\n", example.excerpt) or element("em", "an empty text"),
            element("span", rest, class_="rest"),
            dir="auto",
        ),
    )


def _values(failure: Failure) -> str:
    return ", ".join(f"{signal} is {number(value)}" for signal, value in failure.values.items())


def origin(example: Example) -> Html:
    """Where a document is from, and its id."""
    name = example.url or f"{example.origin} {example.key}"
    return join([element("bdi", name, class_="origin"), " ", element("code", example.id, class_="id")])
