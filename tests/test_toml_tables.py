"""TOML that people write: values that cannot be read, and what is wrong with a table."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.errors import UserError
from massivetext.toml_tables import convert_value, describe_value, parse_toml, suggestion


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table within a table."""

    share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", tag="cut"):
    """One of two tables that a key tells apart."""

    least: Annotated[int, msgspec.Meta(ge=1)]


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", tag="drop"):
    """The other one."""

    text: Annotated[str, msgspec.Meta(min_length=1)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table with a field of every type that recipes and rules use."""

    count: Annotated[int, msgspec.Meta(ge=1, le=9)]
    flag: bool = False
    texts: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("a",)
    choice: Literal["x", "y"] = "x"
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()
    weight: Decimal = Decimal(1)
    named: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", description="a name of a-z")] = "a"

    def __post_init__(self) -> None:
        """Raise ValueError for one combination."""
        if self.flag and self.count == 9:
            raise ValueError("want flag or a count of 9, got both")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "count: want a whole number from 1 to 9, got none"),
        ({"count": 0}, "count: want a whole number from 1 to 9, got 0"),
        ({"count": 1.0}, "count: want a whole number from 1 to 9, got 1.0"),
        ({"count": True}, "count: want a whole number from 1 to 9, got true"),
        ({"count": 10**30}, "count: want a whole number from 1 to 9, got 1000000000000000000000000000000"),
        ({"count": 10**999}, "count: want a whole number from 1 to 9, got a number of very many digits"),
        ({"count": 1, "flag": "yes"}, "flag: want true or false, got 'yes'"),
        ({"count": 1, "texts": []}, "texts: want a list of at least 1, each a text, got an empty list"),
        ({"count": 1, "texts": "a"}, "texts: want a list of at least 1, each a text, got 'a'"),
        ({"count": 1, "texts": ["a", 1]}, "texts[1]: want a text, got 1"),
        ({"count": 1, "choice": "z"}, "choice: want one of x, y, got 'z'"),
        ({"count": 1, "inner": {"share": 2}}, "inner.share: want a number from 0 to 1, got 2"),
        ({"count": 1, "inner": 3}, "inner: want a table, got 3"),
        ({"count": 1, "inner": {"shar": 1}}, "inner.shar: unknown key; did you mean 'share'? known here: share"),
        ({"count": 1, "several": [{}, {"share": "x"}]}, "several[1].share: want a number from 0 to 1, got 'x'"),
        ({"count": 1, "weight": "half"}, "weight: want a number, got 'half'"),
        ({"count": 1, "named": "A"}, "named: want a name of a-z, got 'A'"),
        ({"count": 9, "flag": True}, "want flag or a count of 9, got both"),
        ({"count": 1, "named": "B" * 100}, f"named: want a name of a-z, got '{'B' * 59}…'"),
        ([], "want a table, got an empty list"),
        (3, "want a table, got 3"),
    ],
)
def test_a_message_says_where_what_is_wanted_and_what_came(table: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        convert_value(table, Table, "x.toml")

    assert str(caught.value) == f"x.toml: {message}"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"action": "cut", "least": 0}, "rule 1.least: want a whole number of at least 1, got 0"),
        ({"action": "cut"}, "rule 1.least: want a whole number of at least 1, got none"),
        ({"action": "drop", "text": ""}, "rule 1.text: want a text that is not empty, got ''"),
        ({"action": "drop", "test": "a"}, "rule 1.test: unknown key; did you mean 'text'? known here: action, text"),
    ],
)
def test_a_key_tells_tables_apart(table: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        convert_value(table, Cut | Drop, "x.toml", "rule 1")

    assert str(caught.value) == f"x.toml: {message}"


def test_a_sound_table_becomes_the_struct() -> None:
    assert convert_value({"count": 2, "inner": {"share": 1}}, Table, "x.toml") == Table(2, inner=Inner(1.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "want a TOML file: Invalid value"),
        (f"a = {'[' * 3000}{']' * 3000}", "got arrays or tables that lie too deep in each other"),
        (f"a = {'9' * 5000}", "got a number of too many digits"),
    ],
)
def test_toml_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=f"^x.toml: .*{message}"):
        parse_toml(text, "x.toml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*Table.__struct_fields__, "other"]), JSON))
def test_any_table_is_taken_or_refused_in_our_words(table: dict[str, object]) -> None:
    message = ""
    try:
        convert_value(table, Table, "x.toml")
    except UserError as error:
        message = str(error)

    assert not message or message.startswith("x.toml: ")
    assert "Expected `" not in message


def test_values_are_quoted_short() -> None:
    assert describe_value("x" * 1000) == f"'{'x' * 59}…'"
    assert describe_value({"a": 1}) == "a table of 1 key"


def test_a_suggestion_is_given_only_where_one_is_close() -> None:
    assert suggestion("word_cuont", ["word_count", "line_count"]) == " (did you mean 'word_count'?)"
    assert suggestion("qqq", ["word_count"]) == ""
