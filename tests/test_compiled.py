"""Compiled functions: loaded lazily, bound to other globals, and cached under everything that decides their code."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from massivetext.compiled import bind, compiled, compiled_and_cached, source_digest, uncompiled

FACTOR = 3


@compiled
def multiplied(number: int) -> int:
    return number * FACTOR


def test_a_compiled_function_computes_what_the_python_function_does() -> None:
    assert multiplied(5) == uncompiled(multiplied)(5) == 15


def test_bound_names_replace_globals() -> None:
    assert bind(uncompiled(multiplied), FACTOR=7)(5) == 35
    assert multiplied(5) == 15


def test_the_registry_loads_no_compiler() -> None:
    script = "import sys; from massivetext.signals import registry; print('numba' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"


MODULES = {
    "digest_outer": "from digest_middle import middle\n@compiled\ndef outer(n):\n    return middle(n) + 1\n",
    "digest_middle": "from digest_inner import inner\n@compiled\ndef middle(n):\n    return inner(n) + 10\n",
    "digest_inner": "from digest_values import VALUE\n@compiled\ndef inner(n):\n    return n + VALUE\n",
    "digest_values": "import numpy as np\nVALUE = 100\n",
}


class Written:
    """Modules in a folder whose functions call each other; rewritten and loaded again by every call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def outer(self, **changed: str) -> Callable[[int], int]:
        """Return ``outer`` of the modules, some of them with other content."""
        for name, content in (MODULES | changed).items():
            text = f"from massivetext.compiled import compiled\n{content}"
            (self.folder / f"{name}.py").write_text(text, encoding="utf-8")
        self.forget()
        return cast("Callable[[int], int]", importlib.import_module("digest_outer").outer)

    @staticmethod
    def forget() -> None:
        """Remove the modules from the interpreter."""
        for name in MODULES:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Written(tmp_path)


@pytest.mark.parametrize(
    ("module", "content"),
    [
        ("digest_outer", MODULES["digest_outer"] + "# changed\n"),
        ("digest_middle", MODULES["digest_middle"].replace("10", "20")),
        ("digest_inner", MODULES["digest_inner"].replace("n + VALUE", "n - VALUE")),  # two calls away
        ("digest_values", "VALUE = 101\n"),  # a constant that the innermost function imports
        ("digest_values", "import numpy as np\nVALUE = np.float64(100)\n"),
    ],
)
def test_a_change_of_anything_that_is_called_changes_the_digest(written: Written, module: str, content: str) -> None:
    before = source_digest(written.outer())

    assert source_digest(written.outer()) == before
    assert source_digest(written.outer(**{module: content})) != before


def test_a_change_of_what_is_not_called_changes_nothing(written: Written) -> None:
    before = source_digest(written.outer())

    assert source_digest(written.outer(digest_values="VALUE = 100\nOTHER = 1\n")) == before


def test_bound_names_are_part_of_the_digest() -> None:
    plain = uncompiled(multiplied)

    digests = {source_digest(compiled_and_cached(plain, FACTOR=each)) for each in (1, 2, np.zeros(2), np.ones(2))}
    assert len(digests) == 4
    assert source_digest(compiled_and_cached(plain, FACTOR=multiplied)) not in digests


def test_a_global_whose_content_is_unknown_is_refused() -> None:
    with pytest.raises(TypeError, match="global variable of type dict: want a number, array or tuple"):
        source_digest(compiled_and_cached(uncompiled(multiplied), FACTOR={}))
