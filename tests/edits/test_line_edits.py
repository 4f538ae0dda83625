"""Line edits: what stays of a text, what is counted, and the laws between the two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import edits
from massivetext.edits import actions
from massivetext.edits.actions import (
    CutMatches,
    CutPhrases,
    DropContaining,
    DropLongWords,
    DropMatching,
    DropShort,
    DropUppercase,
    DropWithoutEnd,
    EditRule,
)
from massivetext.errors import UserError
from massivetext.schema import EditCount

C4, REFINEDWEB = edits.load_edit("c4"), edits.load_edit("refinedweb")
GOOD = "The cat sat on the mat."


def made(kind: type[EditRule], **options: object) -> EditRule:
    """Return a rule of this kind."""
    return kind(name="it", source="ours: for the test", **options)  # type: ignore[arg-type]


def left(text: str, *rules: EditRule) -> str:
    """Return a text after the rules."""
    return edits.edit(text, rules)[0]


# -- one action at a time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "stays", "goes"),
    [
        (made(DropShort, min_words=3), "a b c", "a b"),
        (made(DropLongWords, max_characters=4), "four and four", "a fiver"),
        (made(DropLongWords, max_characters=4), "жжжж", "жжжжж"),
        (made(DropContaining, phrases=("use cookies",)), "use a cookie", "WE USE COOKIES."),
        (made(DropContaining, phrases=("Script",)), "scrip t", "javascript"),
        (made(DropWithoutEnd, ends=(".", "!"), but_not=("...",)), "Yes.", "Yes..."),
        (made(DropWithoutEnd, ends=(".", "!"), but_not=("...",)), "Yes!", "Yes?"),
        (made(DropMatching, pattern=r"\d+"), "12 3", "123"),
        # 2 of 4 characters are upper-case; 3 of 5.
        (made(DropUppercase, max_frac=0.5), "ABcd", "ABCde"),
        (made(DropUppercase, max_frac=0.5), "ÄÖöü", "ÄÖÜöü"),
    ],
    ids=[f"{number}" for number in range(10)],
)
def test_both_sides_of_a_bound(rule: EditRule, stays: str, goes: str) -> None:
    text, taken = edits.edit(f"{stays}\n{goes}", [rule])

    assert text == stays
    assert taken == (EditCount("it", 1, len(goes), len(goes.split())),)


def test_a_cut_takes_the_match_and_leaves_the_line() -> None:
    rule = made(CutMatches, pattern=r"\[\d*\]")

    # "[1]" and "[]" are 5 characters; "[2]" is a word of its own, 4 with the space before it.
    assert edits.edit("Rome[1] fell[]. [2]\nSo.", [rule]) == ("Rome fell.\nSo.", (EditCount("it", 1, 9, 1),))


def test_a_line_of_which_a_cut_leaves_nothing_is_dropped() -> None:
    assert left("a\n[1] [2]\nb", made(CutMatches, pattern=r"\[\d\]")) == "a\nb"


@pytest.mark.parametrize(("text", "stays"), [("x a b", "a b"), ("x a b c", "x a b c")])
def test_a_cut_leaves_longer_lines_alone(text: str, stays: str) -> None:
    assert left(text, made(CutMatches, pattern="^x ", max_line_words=3)) == stays


def test_a_match_of_nothing_cuts_nothing() -> None:
    assert edits.edit("a b", [made(CutMatches, pattern="z*")]) == ("a b", ())


@pytest.mark.parametrize(
    ("at", "stays"),
    [
        ("start", "now\nOrder buy now\nto buy now or Buy Now"),
        ("end", "buy now now\nOrder\nto buy now or"),
        ("anywhere", "now\nOrder\nto or"),
    ],
)
def test_phrases_are_cut_where_they_may_be(at: str, stays: str) -> None:
    rule = made(CutPhrases, phrases=("BUY NOW",), at=at)

    assert left("buy now now\nOrder buy now\nto buy now or Buy Now\nBuy now", rule) == stays


def test_phrases_are_no_patterns() -> None:
    assert left("more... or more, it", made(CutPhrases, phrases=("more...", "it|"), at="anywhere")) == "or more, it"


# -- lines between lines -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\n\nb\n  c", "a\n\n\nb\n  c"),  # nothing is taken: nothing changes
        ("a\nx\nb", "a\nb"),
        ("a\n\nx\n\nb\n\n\nc", "a\n\nb\n\n\nc"),  # one blank line where a line was dropped, the others as they were
        ("x\n\na\n\nx", "a"),
        ("x\n  a\n    b", "a\n    b"),  # no white space at the ends of a text
        ("x\n\nx", ""),
        ("", ""),
    ],
)
def test_blank_lines_and_indentation_stay(text: str, expected: str) -> None:
    assert left(text, made(DropMatching, pattern="x")) == expected


def test_a_cut_keeps_the_indentation() -> None:
    assert left("a\n    x b", made(CutMatches, pattern="^x ")) == "a\n    b"


# -- the built-in edits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (GOOD, None),
        ('"The cat sat on mats"', None),
        ("Did the cat sit there?", None),
        ("The cat sat on the mat", "no_end_mark"),
        ("The cat sat on the mat...", "no_end_mark"),
        ("The cat sat on the mat;", "no_end_mark"),
        ("The cat sat down.", "few_words"),
        ("Please switch on JavaScript in your browser.", "javascript"),
        ("By this you accept our Terms of Use.", "policy"),
        ("This site uses cookies for your comfort.", "policy"),
        (f"The cat sat on the {'m' * 1000}.", "long_word"),
        (f"The cat sat on the {'m' * 999}.", None),
        ("[edit]", "citation_markers"),
    ],
)
def test_what_c4_drops(line: str, rule: str | None) -> None:
    text, taken = edits.edit(f"{GOOD}\n{line}", C4)

    assert text == (GOOD if rule else f"{GOOD}\n{line}")
    assert taken == (() if rule is None else (EditCount(f"c4/{rule}", 1, len(line), len(line.split())),))


def test_c4_cuts_citation_markers_before_it_looks_at_the_end() -> None:
    line = "The cat[12] sat on the mat.[citation needed]"

    # "[12]" and "[citation needed]" are 4 and 17 characters, and "mat.[citation needed]" is a word more than "mat.".
    assert edits.edit(line, C4) == (GOOD, (EditCount("c4/citation_markers", 1, 21, 1),))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (GOOD, None),
        ("BREAKING NEWS from Rome", "uppercase"),  # 13 of 23
        ("BREAKING NEW from rome", None),  # 11 of 22
        ("2021", "numeric"),
        ("20 21", None),
        ("3 likes", "counter"),
        ("(1.2K Comments)", "counter"),
        ("3 likes more", None),
        ("Home", "one_word"),
        ("Read more...", "read_more"),
        ("3 items in cart", None),
    ],
)
def test_what_refinedweb_drops(line: str, rule: str | None) -> None:
    text, taken = edits.edit(f"{GOOD}\n{line}", REFINEDWEB)
    dropped = [each.rule for each in taken if text == GOOD]

    assert dropped == ([] if rule is None else [f"refinedweb/{rule}"])


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("Sign-in to see the rest", "to see the rest"),
        ("They had to sign-in to see it", "They had to sign-in to see it"),
        ("The cat sat on mats. Read more...", "The cat sat on mats."),
        ("Read more... about the cat", "Read more... about the cat"),
        ("You have 3 items in cart now", "You have 3 now"),
        ("one two three four five six seven eight read more...", "one two three four five six seven eight"),
        ("one two three four five six seven eight nine read more...",) * 2,
    ],
)
def test_what_refinedweb_cuts(line: str, stays: str) -> None:
    assert left(f"{GOOD}\n{line}", *REFINEDWEB) == f"{GOOD}\n{stays}"


# -- laws --------------------------------------------------------------------------------------------------------------

_SIGNS = [" ", "\n", "\n\n", "\t", "\u3000", "\x1c", ".", "...", '"', "[1]", "[edit]", "A", "ÄÖ", "Σ", "İ", "b", "1"]
_PHRASES = ["cat ", "3 likes", "use cookies", "javascript ", "Sign-in ", " read more...", "items in cart", "ſign-in "]
TEXTS = st.lists(st.sampled_from([*_SIGNS, *_PHRASES]), max_size=30).map("".join)
DROPPING = tuple(rule for rule in (*C4, *REFINEDWEB) if not isinstance(rule, CutMatches | CutPhrases))


def bare(text: str) -> list[str]:
    """The lines that are not blank, without white space at their ends."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def is_subsequence(some: list[str], of: list[str]) -> bool:
    """Return whether some lines are a subsequence of others."""
    rest = iter(of)
    return all(line in rest for line in some)


@given(TEXTS)
def test_what_stays_are_lines_of_the_text_in_order(text: str) -> None:
    assert is_subsequence(bare(left(text, *DROPPING)), bare(text))


@given(TEXTS)
def test_cutting_apart_c4_drops_lines_and_nothing_else(text: str) -> None:
    citations = next(rule for rule in C4 if isinstance(rule, CutMatches))

    assert is_subsequence(bare(left(text, *C4)), bare(left(text, citations)))


@given(TEXTS, st.sampled_from([C4, REFINEDWEB, C4 + REFINEDWEB, DROPPING]))
def test_the_counts_and_what_is_left_make_the_whole(text: str, rules: tuple[EditRule, ...]) -> None:
    new, taken = edits.edit(text, rules)

    assert len("".join(bare(text))) == len("".join(bare(new))) + sum(each.characters for each in taken)
    assert len(text.split()) == len(new.split()) + sum(each.words for each in taken)
    assert all(each.lines > 0 and each.characters > 0 for each in taken)


@given(TEXTS, st.sampled_from([C4, REFINEDWEB, C4 + REFINEDWEB]))
def test_the_changed_lines_are_those_that_are_counted(text: str, rules: tuple[EditRule, ...]) -> None:
    changes = edits.changed_lines(text, rules)
    counted = {each.rule: (each.lines, each.characters, each.words) for each in edits.edit(text, rules)[1]}

    for rule in rules:
        own = [change for change in changes if change.rule == rule.name]
        characters = sum(len(change.before) - len(change.after) for change in own)
        words = sum(len(change.before.split()) - len(change.after.split()) for change in own)
        assert (len(own), characters, words) == counted.get(rule.name, (0, 0, 0))


@given(TEXTS)
def test_dropping_lines_twice_drops_no_more(text: str) -> None:
    once = left(text, *DROPPING)

    assert edits.edit(once, DROPPING) == (once, ())


@given(TEXTS)
def test_no_blank_line_is_added(text: str) -> None:
    assert is_subsequence(
        [line.strip() for line in left(text, *DROPPING).split("\n")], [line.strip() for line in text.split("\n")] + [""]
    )


@given(st.lists(TEXTS.map(lambda text: " ".join(text.split("\n")).strip()), max_size=4))
def test_a_line_fares_the_same_alone(lines: list[str]) -> None:
    alone = [left(line, *C4, *REFINEDWEB) for line in lines]

    assert bare(left("\n".join(lines), *C4, *REFINEDWEB)) == [line for line in alone if line]


# -- patterns that try too much ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CutMatches, DropMatching])
def test_a_pattern_that_backtracks_without_end_is_stopped_and_named(
    kind: type[EditRule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PATTERN_SECONDS", 0.1)

    with pytest.raises(
        UserError, match=r"line edit it: the pattern '\(a\|aa\)\+\$' takes more than 0\.1 s on one line"
    ):
        left("a" * 60 + "!", made(kind, pattern="(a|aa)+$"))


def test_a_pattern_has_time_enough_on_a_long_line() -> None:
    assert left("word " * 200_000 + "end", made(CutMatches, pattern=r"\bword\s")) == "end"
