"""Rules: reading, refusing, judging; and the shipped rule sets at their bounds."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext import assets, rules, signals
from massivetext.errors import UserError
from massivetext.rules import Bounds, Rule, RuleSet
from massivetext.signals import registry

KNOWN = {"words": pa.int64(), "share": pa.float64(), "language": pa.string()}


GROUP = 'any_of = [{signal = "words", min = 5}, {signal = "share", max = 0.2}]'


def write(folder: Path, content: str, name: str = "mine.toml") -> str:
    (folder / name).write_text(content, encoding="utf-8")
    return name


def rule_file(folder: Path, body: str) -> str:
    return write(folder, f'[[rule]]\nsignal = "words"\nmin = 1\nsource = "s"\n\n[[rule]]\n{body}\n')


def table(**columns: Sequence[object]) -> pa.Table:
    return pa.table(columns)


@pytest.mark.parametrize("name", ["My.toml", "my-rules.toml", "2.toml", "v1.2.toml"])
def test_a_file_name_that_cannot_begin_a_rule_name_is_refused(tmp_path: Path, name: str) -> None:
    content = '[[rule]]\nsignal = "words"\nmin = 1\nsource = "s"\n'
    with pytest.raises(UserError, match=r"want a file name of lower-case letters.* got .*; rename the file"):
        rules.load_rule_set(write(tmp_path, content, name), known=KNOWN, folder=tmp_path)


def test_a_rule_set_is_read_in_order(tmp_path: Path) -> None:
    content = """
    [[rule]]
    signal = "words"
    min = 2
    max = 5
    source = "a paper"

    [[rule]]
    name = "english"
    signal = "language"
    allow = ["en", "de"]
    report_only = true
    source = "ours: test"
    where = { signal = "words", min = 3 }
    """

    loaded = rules.load_rule_set(write(tmp_path, content), known=KNOWN, folder=tmp_path)

    assert loaded == RuleSet(
        name="mine",
        rules=(
            Rule(signal="words", min=2, max=5, source="a paper"),
            Rule(
                name="english",
                signal="language",
                allow=("en", "de"),
                report_only=True,
                source="ours: test",
                where=Bounds(signal="words", min=3),
            ),
        ),
    )
    assert [rule.label for rule in loaded.rules] == ["words", "english"]


def test_a_group_is_read_with_its_alternatives(tmp_path: Path) -> None:
    content = f'[[rule]]\nname = "long_or_clean"\n{GROUP}\nwhere = {{signal = "words", min = 1}}\nsource = "a paper"'

    (rule,) = rules.load_rule_set(write(tmp_path, content), known=KNOWN, folder=tmp_path).rules

    assert rule.alternatives == (Bounds(signal="words", min=5), Bounds(signal="share", max=0.2))
    assert (rule.label, rule.signals) == ("long_or_clean", ("words", "share"))


def test_a_single_signal_is_its_only_alternative() -> None:
    rule = Rule(signal="words", min=5, source="s", where=Bounds(signal="share", max=0.5))

    assert rule.alternatives == (Bounds(signal="words", min=5),)
    assert rule.signals == ("words", "share")


def test_a_rule_that_is_stored_is_read_as_it_was() -> None:
    group = Rule(name="g", source="s", any_of=(Bounds(signal="words", min=5), Bounds(signal="language", allow=("en",))))

    assert msgspec.convert(msgspec.to_builtins(group), Rule) == group


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            'signal = "wrods"\nmin = 1\nsource = "s"',
            r"want a known signal, got 'wrods' \(did you mean 'words'\?\); known",
        ),
        ('signal = "share"\nmin = 9\nmax = 3\nsource = "s"', "on 'share': want min <= max, got min=9 and max=3"),
        ('signal = "share"\nmin = 1', "source: want a text that is not empty, got none"),
        ('signal = "share"\nmin = 1\nsource = ""', "source"),
        ('signal = "share"\nsource = "s"', "want min, max or both, or else allow, got none of them"),
        ('signal = "language"\nmin = 1\nallow = ["en"]\nsource = "s"', "want min, max or both, or else allow"),
        ('signal = "language"\nallow = []\nsource = "s"', "allow"),
        ('signal = "language"\nmin = 1\nsource = "s"', r"on 'language' want allow \(the signal is text\), got min=1.0"),
        ('signal = "share"\nallow = ["en"]\nsource = "s"', r"on 'share' want min or max \(the signal is a number\)"),
        ('signal = "share"\nmin = nan\nsource = "s"', "want finite bounds"),
        ('signal = "share"\nmax = inf\nsource = "s"', "want finite bounds"),
        ('signal = "share"\nmaximum = 1\nsource = "s"', "maximum: unknown key; did you mean 'max'"),
        ('signal = "share"\nmax = "1"\nsource = "s"', r"max: want a number, got '1'"),
        ('signal = "share"\nname = "a/b"\nmax = 1\nsource = "s"', "name"),
        (
            'signal = "share"\nmax = 1\nsource = "s"\nwhere = {signal = "wrods", min = 1}',
            "want a known signal, got 'wrods'",
        ),
        ('signal = "share"\nmax = 1\nsource = "s"\nwhere = {signal = "words"}', "want min, max or both"),
        ('source = "s"', "want either signal with its bounds, or any_of with several such tables, got neither"),
        (f'{GROUP}\nsignal = "words"\nmin = 1\nname = "n"\nsource = "s"', "want either signal .*, got both"),
        (
            f'{GROUP}\nmin = 1\nname = "n"\nsource = "s"',
            "with any_of want bounds only in its tables, got min=1.0 beside it",
        ),
        (
            f'{GROUP}\nsource = "s"',
            "with any_of want a name, since there is no single signal to name it after; got none",
        ),
        (
            'any_of = [{signal = "words", min = 1}]\nname = "n"\nsource = "s"',
            r"any_of: want a list of at least 2, each a table, got a list of 1",
        ),
        (
            'any_of = [{signal = "words", min = 1}, {signal = "share"}]\nname = "n"\nsource = "s"',
            r"any_of\[1\]: on 'share': want min, max or both, or else allow, got none of them",
        ),
        (
            'any_of = [{signal = "words", min = 1}, {signal = "shore", max = 1}]\nname = "n"\nsource = "s"',
            r"any_of: want a known signal, got 'shore' \(did you mean 'share'\?\)",
        ),
        (
            'any_of = [{signal = "words", min = 1}, {signal = "language", min = 1}]\nname = "n"\nsource = "s"',
            r"any_of: on 'language' want allow \(the signal is text\), got min=1.0",
        ),
    ],
)
def test_a_wrong_rule_is_refused_with_file_and_number(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"mine\.toml, rule 2: .*{message}"):
        rules.load_rule_set(rule_file(tmp_path, body), known=KNOWN, folder=tmp_path)


def test_equal_bounds_pass_one_value() -> None:
    rule = Rule(signal="share", min=0.5, max=0.5, source="s")

    assert rules.passes(table(share=[0.4, 0.5, 0.6]), rule).tolist() == [False, True, False]


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    name = rule_file(tmp_path, 'signal = "words"\nmax = 9\nsource = "s"')

    with pytest.raises(UserError, match=r"mine\.toml: want each rule name once, got 'words' twice"):
        rules.load_rule_set(name, known=KNOWN, folder=tmp_path)


@pytest.mark.parametrize("content", ["", "rule = 3", "rule = []", 'kind = "x"', '[[rules]]\nsignal = "words"'])
def test_a_file_without_rules_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError, match=r"mine\.toml: want one or more \[\[rule\]\] tables and nothing else"):
        rules.load_rule_set(write(tmp_path, content), known=KNOWN, folder=tmp_path)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mine\.toml: want a TOML file: "):
        rules.load_rule_set(write(tmp_path, "[[rule"), known=KNOWN, folder=tmp_path)


def test_a_name_without_file_lists_the_built_in_ones() -> None:
    with pytest.raises(UserError, match=r"want one of .*gopher, language.*did you mean 'gopher'"):
        rules.load_rule_set("gofer", known=KNOWN)


@pytest.mark.parametrize("name", ["../filters/gopher", "no/such.toml"])
def test_a_path_must_end_in_toml_and_exist(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="found no file"):
        rules.load_rule_set(name, known=KNOWN, folder=tmp_path)


def numbered(name: str, count: int) -> RuleSet:
    return RuleSet(name=name, rules=tuple(Rule(name=f"r{i}", signal="words", min=i, source="s") for i in range(count)))


def test_combined_rules_have_qualified_names() -> None:
    first = RuleSet(name="one", rules=(Rule(signal="words", min=1, source="s"),))

    assert [rule.name for rule in rules.combine_rule_sets([first, numbered("two", 2)])] == [
        "one/words",
        "two/r0",
        "two/r1",
    ]


def test_64_rules_fit_and_65_do_not() -> None:
    assert len(rules.combine_rule_sets([numbered("a", 32), numbered("b", 32)])) == 64
    with pytest.raises(UserError, match="want at most 64 rules in all, got 65"):
        rules.combine_rule_sets([numbered("a", 32), numbered("b", 33)])


def test_rule_sets_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="want each rule name once, got 'a/r0' twice"):
        rules.combine_rule_sets([numbered("a", 1), numbered("a", 2)])


# Bounds pass; bit 0 is the word count, bit 1 the share, bit 2 the language.
def test_a_verdict_names_every_failed_rule() -> None:
    judged = rules.judge_documents(
        table(words=[1, 2, 5, 6], share=[0.5, 0.5, 0.6, 0.6], language=["en", "de", "en", "fr"]),
        [
            Rule(signal="words", min=2, max=5, source="s"),
            Rule(signal="share", max=0.5, source="s"),
            Rule(signal="language", allow=("en", "de"), source="s"),
        ],
    )

    assert judged[0].tolist() == [False, True, False, False]
    assert judged[1].tolist() == [0b001, 0b000, 0b010, 0b111]
    assert judged[1].dtype == np.uint64


def test_a_report_only_rule_marks_and_keeps() -> None:
    kept, failed = rules.judge_documents(
        table(words=[1, 9]), [Rule(signal="words", min=5, source="s", report_only=True)]
    )

    assert kept.tolist() == [True, True]
    assert failed.tolist() == [1, 0]


def test_a_rule_with_where_is_for_these_documents_alone() -> None:
    rule = Rule(signal="share", max=0.5, source="s", where=Bounds(signal="words", min=2))

    assert rules.passes(table(share=[0.9, 0.9, 0.1], words=[1, 2, 2]), rule).tolist() == [True, False, True]


# Long (5 words or more) or clean (share at most 0.2): the first two are one of them each, the third both.
def test_a_group_passes_what_is_within_any_of_its_bounds() -> None:
    rule = Rule(name="g", source="s", any_of=(Bounds(signal="words", min=5), Bounds(signal="share", max=0.2)))
    signals = table(words=[5, 4, 9, 4], share=[0.3, 0.2, 0.1, 0.3])

    assert rules.passes(signals, rule).tolist() == [True, True, True, False]


def test_a_group_with_where_is_for_these_documents_alone() -> None:
    rule = Rule(
        name="g",
        source="s",
        any_of=(Bounds(signal="words", min=5), Bounds(signal="share", max=0.2)),
        where=Bounds(signal="language", allow=("en",)),
    )

    assert rules.passes(table(words=[1, 1], share=[0.9, 0.9], language=["de", "en"]), rule).tolist() == [True, False]


def test_a_group_may_begin_with_a_signal_that_is_text() -> None:
    group = (
        Bounds(signal="language", allow=("en", "de")),
        Bounds(signal="words", min=5),
        Bounds(signal="words", max=1),
    )
    rule = Rule(name="g", source="s", any_of=group)
    signals = table(language=["en", "fr", "fr", "fr"], words=[3, 5, 4, 1])

    assert rules.passes(signals, rule).tolist() == [True, True, False, True]


def test_a_gap_in_any_signal_of_a_group_is_refused() -> None:
    rule = Rule(name="g", source="s", any_of=(Bounds(signal="words", min=1), Bounds(signal="share", max=0.2)))

    with pytest.raises(ValueError, match="rule 'g': want a value of 'share' for every document, got null for 1 of 2"):
        rules.judge_documents(table(words=[5, 5], share=[0.1, None]), [rule])


_BOUNDS = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(
    lambda pair: Bounds(signal="share", min=min(pair), max=max(pair))
)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1), st.lists(_BOUNDS, min_size=2, max_size=4))
def test_a_group_fails_exactly_what_fails_all_of_its_bounds(values: list[float], group: list[Bounds]) -> None:
    single = [
        Rule(name=f"r{at}", source="s", signal="share", min=each.min, max=each.max) for at, each in enumerate(group)
    ]
    _, failed = rules.judge_documents(table(share=values), single)
    _, together = rules.judge_documents(table(share=values), [Rule(name="g", source="s", any_of=tuple(group))])

    assert (together == (failed == (1 << len(group)) - 1)).all()


def test_the_last_bit_is_usable() -> None:
    _, failed = rules.judge_documents(table(words=[62, 63]), numbered("a", 64).rules)

    assert failed.tolist() == [1 << 63, 0]


def test_without_rules_all_is_kept() -> None:
    kept, failed = rules.judge_documents(table(words=[1, 2]), [])

    assert kept.tolist() == [True, True]
    assert failed.tolist() == [0, 0]


def test_an_empty_table_has_no_verdicts() -> None:
    kept, failed = rules.judge_documents(registry.schema().empty_table(), shipped("gopher"))

    assert len(kept) == len(failed) == 0


def test_columns_of_several_chunks_are_judged_whole() -> None:
    chunked = pa.table(
        {"words": pa.chunked_array([[1, 9], [9], [1]]), "language": pa.chunked_array([["en"], ["de"] * 3])}
    )
    both = [Rule(signal="words", min=5, source="s"), Rule(name="x", signal="language", allow=("en",), source="s")]

    assert rules.judge_documents(chunked, both)[1].tolist() == [0b01, 0b10, 0b10, 0b11]


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"share": [0.5, None, None]}, "null for 2 of 3, first in row 1"),
        ({"share": [0.5, 0.5, float("nan")]}, "NaN for 1 of 3, first in row 2"),
        ({"words": [1, 2, 3]}, "want a column 'share', got columns words"),
    ],
)
def test_a_gap_in_the_signals_never_passes(columns: dict[str, list[object]], what: str) -> None:
    with pytest.raises(ValueError, match=rf"rule 'share': .*{what}"):
        rules.judge_documents(table(**columns), [Rule(signal="share", max=1.0, source="s")])


def test_a_null_language_never_passes() -> None:
    with pytest.raises(ValueError, match="null for 1 of 2, first in row 0"):
        rules.judge_documents(table(language=[None, "en"]), [Rule(signal="language", allow=("en",), source="s")])


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_a_tighter_bound_never_keeps_more(values: list[float], one: float, other: float) -> None:
    loose, tight = (Rule(signal="share", max=bound, source="s") for bound in (max(one, other), min(one, other)))

    assert (rules.passes(table(share=values), tight) <= rules.passes(table(share=values), loose)).all()


# ---- the shipped rule sets ----


def shipped(*names: str) -> tuple[Rule, ...]:
    return rules.combine_rule_sets([rules.load_rule_set(name, known=registry.types()) for name in names])


def failures(text: str, *names: str) -> list[str]:
    judging = shipped(*names)
    _, failed = rules.judge_documents(signals.measure([text]), judging)
    return [rule.name for bit, rule in enumerate(judging) if int(failed[0]) >> bit & 1]


# Ports of other tools' Gopher rules: each replaces `gopher`.
PROFILES = {"datatrove": 21, "dclm": 20, "dolma": 18, "nemo": 20, "redpajama2": 15}


def test_every_shipped_rule_set_loads_and_all_but_profiles_fit_together() -> None:
    sizes = {
        "c4": 3,
        "code": 9,
        "encoding": 1,
        "fineweb": 3,
        "gneissweb": 1,
        "gopher": 21,
        "language": 2,
        "refinedweb": 1,
        "safesearch": 7,
    }
    assert {name: len(shipped(name)) for name in assets.asset_names("filters")} == sizes | PROFILES
    assert len(shipped(*sizes)) == sum(sizes.values())


MENU = "Home of the valley\nHills and rivers\nPeople of the town\nAll about the sea\n"
STORY = "The river rises in the hills and runs to the sea. The people live by it! Do they?"


@pytest.mark.parametrize(
    ("text", "rule_set", "failed"),
    [
        (STORY, "fineweb", []),
        (f"{MENU}{STORY}", "fineweb", ["short_line_frac"]),  # 4 of 5 lines are short, 1 of 5 has an end
        (MENU, "fineweb", ["terminal_line_frac", "short_line_frac"]),
        (f"{STORY}\n{STORY}", "fineweb", ["duplicate_line_char_frac"]),
        (STORY, "c4", []),
        ("The river rises in the hills. It runs to the sea", "c4", ["sentence_count"]),
        (f"{STORY} Lorem ipsum dolor.", "c4", ["lorem_ipsum_count"]),
        (f"{STORY} {{", "c4", ["curly_bracket_frac"]),
        ("tree of " * 35, "gneissweb", ["mcalpine_eflaw"]),  # 70 words and 35 mini-words without an end: 105
        ("tree of " * 23 + "tree", "gneissweb", []),  # 47 and 23: 70 itself passes
    ],
)
def test_the_filters_of_fineweb_c4_and_gneissweb(text: str, rule_set: str, failed: list[str]) -> None:
    assert failures(text, rule_set) == [f"{rule_set}/{name}" for name in failed]


# Rae et al. 2021, A.1.1 and Table A1, typed here a second time.
GOPHER = {
    "word_count": (50, 100_000),
    "mean_word_length": (3, 10),
    "hash_to_word_ratio": (None, 0.1),
    "ellipsis_to_word_ratio": (None, 0.1),
    "bullet_line_frac": (None, 0.9),
    "ellipsis_line_frac": (None, 0.3),
    "alphabetic_word_frac": (0.8, None),
    "stop_word_count": (2, None),
    "duplicate_line_frac": (None, 0.3),
    "duplicate_paragraph_frac": (None, 0.3),
    "duplicate_line_char_frac": (None, 0.2),
    "duplicate_paragraph_char_frac": (None, 0.2),
    "top_2_gram_char_frac": (None, 0.2),
    "top_3_gram_char_frac": (None, 0.18),
    "top_4_gram_char_frac": (None, 0.16),
    "duplicate_5_gram_char_frac": (None, 0.15),
    "duplicate_6_gram_char_frac": (None, 0.14),
    "duplicate_7_gram_char_frac": (None, 0.13),
    "duplicate_8_gram_char_frac": (None, 0.12),
    "duplicate_9_gram_char_frac": (None, 0.11),
    "duplicate_10_gram_char_frac": (None, 0.1),
}


def test_gopher_has_the_bounds_of_the_paper_and_drops() -> None:
    judging = rules.load_rule_set("gopher", known=registry.types()).rules

    assert {rule.signal: (rule.min, rule.max) for rule in judging} == GOPHER
    assert not any(rule.report_only or rule.where for rule in judging)


@pytest.mark.parametrize(
    "rule", rules.load_rule_set("gopher", known=registry.types()).rules, ids=lambda rule: rule.signal
)
def test_each_gopher_bound_itself_passes_and_the_next_number_fails(rule: Rule) -> None:
    for bound, beyond in ((rule.min, -np.inf), (rule.max, np.inf)):
        if bound is not None:
            values = [bound, np.nextafter(bound, beyond)]
            assert rules.passes(pa.table({rule.signal: values}), rule).tolist() == [True, False]


def test_a_word_more_or_less_decides_the_word_count() -> None:
    words = [f"the of {number:05}th" for number in range(20)]  # 60 words, all different runs
    long = " ".join(words).split()

    assert "gopher/word_count" in failures(" ".join(long[:49]), "gopher")
    assert "gopher/word_count" not in failures(" ".join(long[:50]), "gopher")


PROSE = (
    "The council met on Tuesday to discuss the repair of the old bridge, which has been closed since a storm "
    "damaged two of its piers in March. Engineers said that the work would take at least nine months and cost more "
    "than the town had set aside. Several residents asked for a ferry in the meantime; others, who have to drive "
    "around the lake every day, wanted a temporary road. A decision is expected by the end of June, after the "
    "county has answered the letter that the mayor wrote with her colleagues from the neighbouring villages."
)
CLINIC = (
    "Sexual health clinics offer tests for infections, contraception and advice to everyone, whatever their age, "
    "gender or orientation. A nurse will ask about your sex life and symptoms, and may examine the penis, vagina, "
    "anus or breasts. Lesbian, gay, bisexual and transgender patients have the same right to care. Teenagers who "
    "learn about sex, consent and condoms at school are less likely to have unwanted pregnancies. Viagra is "
    "prescribed for erectile dysfunction; men with heart disease should talk to a doctor first. Surveys ask how "
    "many young people have seen pornography, and what they have to say about sexting and nude photos that were "
    "passed on."
)


def test_plain_prose_passes_everything() -> None:
    assert failures(PROSE, "gopher", "language", "safesearch") == []


def test_a_page_about_health_passes_safesearch() -> None:
    assert failures(CLINIC, "safesearch") == []


def test_a_page_that_advertises_explicit_content_fails_safesearch() -> None:
    page = f"{PROSE} {'Watch XXX porn videos and hardcore porn, or join free sex cams now. ' * 3}{PROSE}"

    assert 200 <= len(page.split()) <= 250
    # 9 phrases of weight 3 in 233 words: 116 per 1,000, above the bound for one phrase alone as well
    assert failures(page, "safesearch") == ["safesearch/explicit", "safesearch/explicit_repeated"]


def test_one_phrase_alone_fails_only_over_and_over() -> None:
    assert failures(f"{PROSE} He called it hardcore porn. {PROSE}", "safesearch") == []
    assert failures(f"{PROSE} {'hardcore porn, ' * 20}", "safesearch") == ["safesearch/explicit_repeated"]


def test_other_languages_and_nothing_fail_the_language_rules() -> None:
    german = "Der Gemeinderat hat am Dienstag über die Brücke beraten, die seit dem Sturm im März gesperrt ist."

    assert failures(german, "language") == ["language/language"]
    assert failures("", "language") == ["language/language", "language/language_score"]


def code_failures(text: str) -> list[str]:
    """Failed rules that drop; a text of no known language has no comments, and that is only reported."""
    return [rule for rule in failures(text, "code") if rule != "code/comment_frac"]


def test_code_rules_refuse_minified_and_encoded_files() -> None:
    assert code_failures("def double(x):\n    return 2 * x\n") == []
    assert code_failures("\n".join(["a " * 500, *["b"] * 99])) == []
    assert code_failures("\n".join(["a " * 500 + "a", *["b"] * 99])) == ["code/longest_line_length"]
    assert code_failures("\n".join(["a " * 50 + "a"] * 9)) == ["code/mean_line_length"]
    assert code_failures("{}()[]" * 9 + "a") == ["code/alphanumeric_frac", "code/alphabetic_frac"]
    assert code_failures("1 a " * 9) == []
    assert code_failures("1 2 a " * 9) == ["code/alphabetic_frac"]
    assert code_failures("a b\n" * 100_000) == []
    assert code_failures("a b\n" * 100_001) == ["code/line_count"]
    assert code_failures("# Do not edit.\n" + "a b " * 9) == ["code/generated_mark_count"]


# 64 of 128 characters, 64 of 127; the longest piece 1024 characters, 1025.
def test_code_rules_refuse_encoded_data() -> None:
    assert code_failures("a" * 64 + " b \n" * 16) == []
    assert code_failures("a" * 64 + " b \n" * 15 + " b ") == ["code/encoded_frac"]
    assert code_failures("\n".join(["a" * 63] * 16) + "a b \n" * 500) == []
    assert code_failures("\n".join(["a" * 63] * 16) + "aa b \n" * 500) == ["code/longest_encoded_length"]
