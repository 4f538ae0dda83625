"""The template language of the demo's sentences.

``{name}`` is a slot, to be replaced by words; in ``{name:title}`` their first letter becomes a capital.
``[one|another|]`` is a choice; its options may contain slots and choices.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from massivetext.demo.chance import Chance


class TemplateSlot(NamedTuple):
    """A slot to be replaced by words: its name, and whether the first letter becomes a capital."""

    name: str
    title: bool


class TemplateChoice(NamedTuple):
    """Several templates; one is used."""

    options: tuple["Template", ...]


TemplateNode = str | TemplateSlot | TemplateChoice
Template = tuple[TemplateNode, ...]


@cache
def parse_template(text: str) -> Template:
    """Return the nodes of a template.

    Raises:
        ValueError: a bracket is not closed, or was not opened; the message has the template and the position.
    """
    template, end = _template(text, 0, inside=False)
    assert end == len(text)
    return template


@cache
def parse_templates(block: str) -> tuple[Template, ...]:
    """Return the templates of a block of text with one template per line; blank lines are skipped."""
    return tuple(parse_template(line) for line in block.splitlines() if line)


def fill_template(template: Template, chance: Chance, fill: Callable[[str], str]) -> str:
    """Return the text of a template; ``fill`` returns the words for the name of a slot."""
    out = []
    for node in template:
        if isinstance(node, str):
            out.append(node)
        elif isinstance(node, TemplateSlot):
            words = fill(node.name)
            out.append(words[:1].upper() + words[1:] if node.title else words)
        else:
            out.append(fill_template(chance.pick(node.options), chance, fill))
    return "".join(out)


def slots(template: Template) -> set[str]:
    """Return the names of all slots of a template."""
    names: set[str] = set()
    for node in template:
        if isinstance(node, TemplateSlot):
            names.add(node.name)
        elif isinstance(node, TemplateChoice):
            names.update(*map(slots, node.options))
    return names


def _template(text: str, start: int, *, inside: bool) -> tuple[Template, int]:
    nodes: list[TemplateNode] = []
    at = start
    while at < len(text) and not (inside and text[at] in "|]"):
        node, at = _node(text, at)
        nodes.append(node)
    if inside and at == len(text):
        raise ValueError(f"template {text!r}: want a ']' for the '[' before position {start}, got none")
    return tuple(nodes), at


def _node(text: str, at: int) -> tuple[TemplateNode, int]:
    if text[at] == "[":
        return _choice(text, at + 1)
    if text[at] == "{":
        end = text.find("}", at)
        if end < 0:
            raise ValueError(f"template {text!r}: want a '}}' for the '{{' at position {at}, got none")
        name, _, form = text[at + 1 : end].partition(":")
        return TemplateSlot(name, form == "title"), end + 1
    end = at
    while end < len(text) and text[end] not in "[{|]":
        end += 1
    if end == at:
        raise ValueError(f"template {text!r}: {text[at]!r} at position {at} is outside any '['")
    return text[at:end], end


def _choice(text: str, at: int) -> tuple[TemplateChoice, int]:
    options = []
    while True:
        option, at = _template(text, at, inside=True)
        options.append(option)
        if text[at] == "]":
            return TemplateChoice(tuple(options)), at + 1
        at += 1
