"""Tokens by the rules of spaCy: splits at the edges of a word, splits within it, and words that stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.signals.ported.english_tokens import tokens


# Each row is the result of spaCy 3.8.18 (blank English pipeline), the tokens joined by spaces.
@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("don’t stop; it’s we’ll I’m can't cannot,", "do n’t stop ; it ’s we ’ll I ’m ca n't can not ,"),
        ("wont id ill were its youre Ive", "wo nt i d ill were its you re I ve"),
        ("U.S. Mr. Smith's e.g. I. AT&T. 3p.m.", "U.S. Mr. Smith 's e.g. I. AT&T. 3 p.m."),
        ("(hello) 'quoted' end.Next it.)", "( hello ) ' quoted ' end . Next it . )"),
        (
            "well-known a/b x=y 5-6 A-1 -word word- 1990s--like",
            "well - known a / b x = y 5 - 6 A-1 -word word- 1990s -- like",
        ),
        ("3km 10% $5.00 5$", "3 km 10 % $ 5.00 5 $"),
        ("http://a.com/b?c=d. foo@bar.com", "http://a.com/b?c=d . foo@bar.com"),
        ("so... and…more", "so ... and … more"),
    ],
)
def test_tokens(text: str, parted: str) -> None:
    assert tokens(text) == parted.split()


@given(st.text(st.sampled_from("ab.Z'’-,$(3n t\n") | st.characters()))
def test_tokens_are_the_text_without_white_space(text: str) -> None:
    assert "".join(tokens(text)) == "".join(text.split())
    assert all(tokens(text))
