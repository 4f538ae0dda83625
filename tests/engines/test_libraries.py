"""Workers must have the libraries that the driver has."""

import pytest

from massivetext.engines.libraries import environment, require_same
from massivetext.errors import UserError


def test_the_same_environment_passes() -> None:
    assert {"python", "apache-beam", "numpy", "sentencepiece", "massivetext"} <= set(dict(environment()))
    require_same(environment())


def test_another_version_is_named_with_both() -> None:
    other = tuple((name, "0.0.1" if name == "sentencepiece" else version) for name, version in environment())
    with pytest.raises(UserError, match=r"has sentencepiece \S+ \(the driver: 0\.0\.1\)"):
        require_same(other)
