"""Texts that tell the readings of the Gopher rules apart."""

import pytest


@pytest.fixture
def passage() -> str:
    """Six words twice: 89 characters with spaces, 73 without, 44 of them in the passage and its copy."""
    return "one two three four five six one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture
def laughter() -> str:
    """One word twenty times: 59 characters with spaces, 40 without."""
    return " ".join(["ha"] * 20)


@pytest.fixture
def rhyme() -> str:
    """A most frequent run of three words, "sat on the": twice, 8 characters; 78 in all without spaces."""
    return "the cat sat on the mat and the dog sat on the mat while the bird sang a song about the sea and the sky"
