"""`massivetext signals`: every signal of one text, and each rule's verdict."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import massivetext

from massivetext import signals
from massivetext.signals.registry import SIGNALS

TEXT = "The fox and the dog went to the river. # lorem ipsum"


def printed(*arguments: str, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(massivetext("signals", *arguments, "--json", folder=folder).stdout)
    return found


def test_every_signal_and_every_rule_is_printed(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    output = massivetext("signals", "text.txt", folder=tmp_path).stdout

    assert all(name in output for name in SIGNALS)
    assert "fails 1 of 28 rules: gopher/word_count" in output


def test_the_values_are_those_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"\ufeff{TEXT}\r\n", encoding="utf-8")  # cleaned as ingest cleans it
    found = printed("text.txt", folder=tmp_path)

    assert found["text"] == TEXT
    assert {each["name"]: each["value"] for each in found["signals"]} == signals.measure_text(TEXT)
    assert [each["rule"] for each in found["rules"] if not each["passed"]] == ["gopher/word_count"]


def test_a_profile_brings_the_signals_of_its_reading(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    found = printed("text.txt", "--rules", "dolma", folder=tmp_path)

    assert {each["name"]: each["value"] for each in found["signals"]} == signals.measure_text(TEXT, readings=("dolma",))
    assert [each["rule"] for each in found["rules"] if not each["passed"]] == [
        "dolma/word_count",
        "dolma/top_3_gram_char_frac",  # the first three words, once: 9 of 42 characters
        "dolma/top_4_gram_char_frac",
    ]


def test_the_url_is_measured_and_judged_too(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    found = printed("text.txt", "--url", "http://porn.test/xxx/", "--rules", "safesearch", folder=tmp_path)

    assert {each["name"]: each["value"] for each in found["signals"]}["blocked_url_keyword_count"] == 2
    assert [each["rule"] for each in found["rules"] if not each["passed"]] == ["safesearch/explicit_url"]


def test_of_a_page_the_main_text_is_measured(tmp_path: Path) -> None:
    story = "The people of the valley went to the river and to the hills with all that they have. " * 5
    navigation = "<nav><a href='/'>Home</a><a href='/imprint'>Imprint</a></nav>"
    page = f"<!DOCTYPE html><html><body>{navigation}<article><p>{story}</p></article></body></html>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")

    assert printed("page.html", folder=tmp_path)["text"] == story.strip()


def test_what_line_edits_leave_is_measured(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"{TEXT} And so it was.\nBy the river\nWe use cookies on this page.\n")
    found = printed("text.txt", "--edits", "c4", "--rules", "refinedweb", folder=tmp_path)
    share = next(each["value"] for each in found["signals"] if each["name"] == "edited_word_frac")

    # 9 words of 25 are gone.
    assert found["text"] == f"{TEXT} And so it was."
    assert found["edited_lines"] == [
        {"rule": "c4/no_end_mark", "before": "By the river", "after": ""},
        {"rule": "c4/policy", "before": "We use cookies on this page.", "after": ""},
    ]
    assert share == 9 / 25
    assert [each["passed"] for each in found["rules"]] == [False]


def test_standard_input_is_measured_by_rules_of_ones_own(tmp_path: Path) -> None:
    rule = '[[rule]]\nsignal = "lorem_ipsum_count"\nmax = 0\nsource = "ours: nobody reads it"\n'
    (tmp_path / "mine.toml").write_text(rule, encoding="utf-8")
    command = [sys.executable, "-m", "massivetext", "signals", "-", "--rules", "mine.toml", "--json"]
    done = subprocess.run(command, cwd=tmp_path, input=TEXT.encode(), capture_output=True, check=True)

    (verdict,) = json.loads(done.stdout)["rules"]
    assert (verdict["rule"], verdict["values"], verdict["passed"]) == ("mine/lorem_ipsum_count", [1], False)


def test_a_group_is_shown_with_all_its_signals_and_values(tmp_path: Path) -> None:
    rule = """
    [[rule]]
    name = "long_or_dull"
    any_of = [{ signal = "word_count", min = 50 }, { signal = "lorem_ipsum_count", max = 0 }]
    source = "ours: for the test"
    """
    (tmp_path / "mine.toml").write_text(rule, encoding="utf-8")
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    shown = massivetext("signals", "text.txt", "--rules", "mine.toml", folder=tmp_path).stdout

    words = signals.measure_text(TEXT)["word_count"]
    assert f"{words}; 1" in shown
    assert "at least 50, or" in " ".join(shown.split())
    assert "fails 1 of 1 rules: mine/long_or_dull" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.txt",), "nowhere.txt: want a file, or - for standard input: No such file or directory"),
        ((".", "--rules", "gopher"), ".: want a file, or - for standard input: Is a directory"),
        (("text.txt", "--rules", "gophr"), "did you mean 'gopher'?"),
        (("text.txt", "--edits", "c5"), "want one of c4, refinedweb, or the path of a .toml file"),
        (("text.txt", "--rules", "wrong.toml"), "did you mean 'word_count'?"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "wrong.toml").write_text('[[rule]]\nsignal = "word_cont"\nmin = 1\nsource = "x"\n', encoding="utf-8")
    done = massivetext("signals", *arguments, folder=tmp_path, check=False)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_an_empty_text_has_signals_too(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert {each["name"]: each["value"] for each in printed("empty", folder=tmp_path)["signals"]} == {
        name: signal.empty for name, signal in SIGNALS.items()
    }
