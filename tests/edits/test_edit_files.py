"""Edits are read from TOML, or refused with the place and the choices."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from command import ROOT

from massivetext import assets, edits
from massivetext.errors import UserError


@pytest.mark.parametrize("name", assets.asset_names("filters/edits"))
def test_every_built_in_edit_can_be_read_and_says_what_it_does(name: str) -> None:
    rules = edits.load_edit(name)

    assert all(rule.name.startswith(f"{name}/") for rule in rules)
    assert all(rule.description.startswith(("cuts ", "drops ")) for rule in rules)


def test_every_action_and_option_is_in_the_documentation() -> None:
    page = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    told = {
        tag: set(re.findall("`([a-z_]+)`", options))
        for tag, options in re.findall(r"^\| `((?:cut|drop)[a-z_]*)` \| (.*?) \|", page, re.MULTILINE)
    }

    assert told == {
        kind.__struct_config__.tag: set(kind.__struct_fields__) - {"name", "source"}
        for kind in get_args(edits.EditRule)
    }


def test_rules_survive_json() -> None:
    rules = edits.load_edit("c4") + edits.load_edit("refinedweb")

    assert msgspec.convert(msgspec.to_builtins(rules), tuple[edits.EditRule, ...]) == rules


def test_an_edit_of_ones_own(tmp_path: Path) -> None:
    tmp_path.joinpath("mine.toml").write_text(
        '[[rule]]\nname = "short"\naction = "drop_short"\nmin_words = 2\nsource = "ours: short"\n'
    )
    rules = edits.load_edit("mine.toml", tmp_path)

    assert edits.edit("one\none two", rules)[0] == "one two"
    assert [rule.name for rule in rules] == ["mine/short"]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('name = "a"\nsource = "b"', "action: want one of cut, cut_phrases, drop_matching, .*, got None"),
        ('action = "drop_shrt"', r"action: want one of .*, got 'drop_shrt' \(did you mean 'drop_short'\?\)"),
        ('action = "drop_short"\nname = "a"\nsource = "b"', "min_words: want a whole number of at least 1, got none"),
        (
            'action = "drop_short"\nname = "a"\nsource = "b"\nmin_words = 0',
            "min_words: want a whole number of at least 1, got 0",
        ),
        ('action = "drop_short"\nname = "a"\nmin_words = 2', "source: want a text that is not empty, got none"),
        (
            'action = "drop_short"\nname = "a"\nsource = "b"\nmin_words = 2\nphrases = ["c"]',
            "phrases: unknown key; known here: action, min_words, name, source",
        ),
        ('action = "drop_short"\nname = "x/a"\nsource = "b"\nmin_words = 2', "want a name without '/', got 'x/a'"),
        (
            'action = "cut"\nname = "a"\nsource = "b"\npattern = "("',
            r"pattern: want a regular expression, got '\(': missing \)",
        ),
        (
            'action = "drop_uppercase"\nname = "a"\nsource = "b"\nmax_frac = 50',
            "max_frac: want a number from 0 to 1, got 50",
        ),
    ],
    ids=["no-action", "misspelt", "no-bound", "zero", "no-source", "other-action", "slash", "pattern", "percent"],
)
def test_a_wrong_rule_is_refused_with_its_place(tmp_path: Path, table: str, complaint: str) -> None:
    tmp_path.joinpath("mine.toml").write_text(f"[[rule]]\n{table}\n")
    with pytest.raises(UserError, match=f"mine.toml, rule 1: .*{complaint}"):
        edits.load_edit("mine.toml", tmp_path)


@pytest.mark.parametrize("text", ["", "[[edit]]\n", "rule = 1\n", "a = \n", "[[rule]]\n[other]\n"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath("mine.toml").write_text(text)
    with pytest.raises(UserError, match=r"mine\.toml.*: want "):
        edits.load_edit("mine.toml", tmp_path)


@pytest.mark.parametrize("name", ["c5", "../c4", "c5.toml"])
def test_an_edit_that_is_not_there_is_refused_with_the_choices(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"want one of c4, refinedweb, or the path of a \.toml file; found no file"):
        edits.load_edit(name, tmp_path)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="want each rule name once, got 'c4/long_word' twice"):
        edits.combine_edits([edits.load_edit("c4"), edits.load_edit("c4")])
