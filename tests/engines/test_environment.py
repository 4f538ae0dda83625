"""Workers must have the libraries that the driver has."""

import pytest

from massivetext.engines.environment import environment_versions, require_driver_versions, versions
from massivetext.errors import UserError
from massivetext.stages import LIBRARIES


def test_the_same_environment_passes() -> None:
    found = environment_versions(LIBRARIES)

    assert {"python", "apache-beam", "numpy", "sentencepiece", "massivetext"} <= set(dict(found))
    require_driver_versions(found)


def test_another_version_is_named_with_both() -> None:
    found = environment_versions(LIBRARIES)
    other = tuple((name, "0.0.1" if name == "sentencepiece" else version) for name, version in found)
    with pytest.raises(UserError, match=r"has sentencepiece \S+ \(the driver: 0\.0\.1\)"):
        require_driver_versions(other)


def test_versions_are_those_of_the_named_libraries_and_of_those_that_every_stage_uses() -> None:
    assert list(versions(["regex", "lxml"])) == ["apache-beam", "lxml", "massivetext", "numpy", "pyarrow", "regex"]
    assert list(versions([])) == ["apache-beam", "massivetext", "numpy", "pyarrow"]
