"""Write a rule set as a TOML file that a recipe can name."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from massivetext.errors import UserError
from massivetext.rules import Bounds, Rule
from massivetext.storage import files as fs

_STEM = re.compile("[a-z][a-z0-9_]*")


def require_rule_set_path(path: str) -> None:
    """Refuse a path that no recipe could name as a rule set. Raises UserError."""
    if not path.endswith(".toml") or not _STEM.fullmatch(Path(path).stem):
        raise UserError(
            f"--write: {path}: want a .toml file named with lower-case letters, digits and '_', as my.toml: the names "
            "of its rules begin with it"
        )
    if Path(path).exists():
        raise UserError(f"--write: {path}: exists, and is not overwritten; give another name, or remove it")


def write_rule_set(path: str, rules: Sequence[Rule], comment: str) -> None:
    """Write rules as a rule set.

    Args:
        path: path of the file, as :func:`require_rule_set_path` accepts it.
        rules: the rules, under their full names; the part after "/" is written.
        comment: first line of the file, without line ends.
    """
    text = f"# {comment}\n" + "".join(f"\n[[rule]]\n{_rule_text(rule)}" for rule in rules)
    fs.write_bytes(fs.absolute(path), text.encode())


def _rule_text(rule: Rule) -> str:
    name = rule.label.split("/")[-1]
    lines = [] if name == rule.signal else [f"name = {_text(name)}"]
    if rule.any_of is None:
        lines += _bound_lines(rule.alternatives[0])
    else:
        lines.append(f"any_of = [{', '.join(map(_inline, rule.any_of))}]")
    if rule.where is not None:
        lines.append(f"where = {_inline(rule.where)}")
    if rule.report_only:
        lines.append("report_only = true")
    lines.append(f"source = {_text(rule.source)}")
    return "".join(f"{line}\n" for line in lines)


def _inline(bounds: Bounds) -> str:
    return f"{{ {', '.join(_bound_lines(bounds))} }}"


def _bound_lines(bounds: Bounds) -> Iterator[str]:
    yield f"signal = {_text(bounds.signal)}"
    for name, bound in (("min", bounds.min), ("max", bounds.max)):
        if bound is not None:
            yield f"{name} = {_number(bound)}"
    if bounds.allow is not None:
        yield f"allow = [{', '.join(map(_text, bounds.allow))}]"


def _number(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() and abs(bound) < 1e15 else repr(float(bound))


def _text(text: str) -> str:
    # A JSON string is a basic string of TOML, except for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
