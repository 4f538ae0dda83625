"""Words and sentence templates of the demo corpus, from ``data/*.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from massivetext.demo.grammar import Template, parse_templates

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Word lists and sentences of one topic; ``data/topics.toml`` explains each list."""

    name: str
    agents: Words
    things: Words
    stuff: Words
    sites: Words
    verbs: Words
    adjectives: Words
    sentences: tuple[Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Parts of invented names of people, towns and organisations."""

    women: Words
    men: Words
    surname_heads: Words
    surname_tails: Words
    place_heads: Words
    place_tails: Words
    org_kinds: Words
    org_subjects: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """Words and sentences for any topic."""

    ideas: Words
    adjectives: Words
    adverbs: Words
    names: Names
    sentences: Mapping[str, tuple[Template, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Titles and sentences in another language or on one subject, with few slots."""

    titles: tuple[Template, ...]
    sentences: tuple[Template, ...]


def read_data_file(name: str) -> str:
    """Return the text of a file in ``data``. Raises FileNotFoundError."""
    return resources.files("massivetext.demo").joinpath("data", *name.split("/")).read_text(encoding="utf-8")


@cache
def topics() -> Mapping[str, Topic]:
    """Return all topics by name."""
    return {
        name: Topic(
            name=name,
            sentences=parse_templates(table["sentences"]),
            **{key: _words(value) for key, value in table.items() if key != "sentences"},
        )
        for name, table in _table("topics").items()
    }


@cache
def general() -> General:
    """Return words and sentences for any topic."""
    table = _table("general")
    words = {key: _words(value) for key, value in table["words"].items()}
    return General(
        ideas=words["ideas"],
        adjectives=words["adjectives"],
        adverbs=words["adverbs"],
        names=Names(
            women=words["first_women"],
            men=words["first_men"],
            surname_heads=words["surname_heads"],
            surname_tails=words["surname_tails"],
            place_heads=words["place_heads"],
            place_tails=words["place_tails"],
            org_kinds=words["org_kinds"],
            org_subjects=words["org_subjects"],
        ),
        sentences={kind: parse_templates(block) for kind, block in table["sentences"].items()},
    )


@cache
def languages() -> Mapping[str, Plain]:
    """Return sentences in other languages by language code: "de", "fr", "es", "ru"."""
    return _plain("foreign")


@cache
def health_sentences() -> Plain:
    """Return sentences on medicine and sex education."""
    return _plain("health")["health"]


def _plain(name: str) -> dict[str, Plain]:
    return {
        key: Plain(titles=parse_templates(table["titles"]), sentences=parse_templates(table["sentences"]))
        for key, table in _table(name).items()
    }


def _table(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(read_data_file(f"{name}.toml"))


def _words(listed: str) -> Words:
    return tuple(word.replace("_", " ") for word in listed.split())
