"""What the wikis of each language call things: namespaces, closing sections, redirects, signs, templates with text."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

_Tables = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WikiLanguage:
    """Names that decide how the markup of a wiki reads.

    Attributes:
        code: language of the wiki, such as "de", or "" if unknown.
        link_namespaces: names of namespaces to which links are not running text: files and categories; lower case.
        media_namespaces: names of the namespace Media, to which a link with a label is running text; lower case.
        dropped_headings: headings of sections that are dropped with all below them; lower case.
        template_rules: text of templates by their name; see ``wiki_templates.toml``.
        language_names: names of languages by code, as templates of this wiki write them.
        units: signs of units by the codes that templates name them by, where they differ.
        currencies: signs of currencies by their codes.
        months: names of the months, or none.
        months_after_day: names of the months between the number of a day and a year, or none.
        group: sign between groups of three digits.
        decimal: sign before the fraction of a number.
    """

    code: str
    link_namespaces: frozenset[str]
    media_namespaces: frozenset[str]
    dropped_headings: frozenset[str]
    template_rules: Mapping[str, str]
    language_names: Mapping[str, str]
    units: Mapping[str, str]
    currencies: Mapping[str, str]
    months: tuple[str, ...]
    months_after_day: tuple[str, ...]
    group: str
    decimal: str


@functools.cache
def wiki_language(code: str, own_namespaces: frozenset[str] = frozenset()) -> WikiLanguage:
    """Return the names of the wikis of a language.

    Names of all known languages count in every wiki, except those that mean something else elsewhere: pages are copied
    between wikis together with their markup. Where languages disagree, the wiki's own wins, then English.

    Args:
        code: language of the wiki; "" or an unknown one gives the names of all languages.
        own_namespaces: names of the namespaces of files and categories that the dump declares, in lower case.
    """
    tables = _load("wiki_languages.toml")
    own = tables.get(code, tables["en"] if not code else {})
    namespaces = {name for table in tables.values() for name in (*table["file"], *table["media"], *table["category"])}
    headings = {name for table in tables.values() for name in table["drop"]}
    templates = dict(_load("wiki_templates.toml"))
    names, units, currencies = (templates.pop(table) for table in ("names", "units", "currencies"))
    order = [table for language, table in templates.items() if language not in ("en", code)]
    rules: dict[str, str] = {}
    for table in (*order, templates["en"], templates.get(code, {})):
        rules.update(table)
    return WikiLanguage(
        code=code,
        link_namespaces=frozenset(namespaces) | own_namespaces,
        media_namespaces=frozenset(name for table in tables.values() for name in table["media"]),
        dropped_headings=frozenset(headings) | frozenset(own.get("drop_here", ())),
        template_rules=rules,
        language_names=names.get(code, {}),
        units=units,
        currencies=currencies,
        months=tuple(own.get("months", ())),
        months_after_day=tuple(own.get("months_after_day", ())),
        group=own.get("group", "\u00a0" if own else ","),
        decimal=own.get("decimal", "."),
    )


@functools.cache
def redirect_words() -> tuple[str, ...]:
    """Return the words that begin a redirect behind "#", of all languages, the longest first."""
    tables = _load("wiki_languages.toml")
    return tuple(sorted({word for table in tables.values() for word in table["redirect"]}, key=lambda w: (-len(w), w)))


@functools.cache
def _load(name: str) -> _Tables:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))
