"""Vega as one script, and the copy of it that is kept."""

import re
import zlib
from pathlib import Path

import pytest
import vl_convert

from massivetext.report import vega


def test_the_library_holds_nothing_that_ends_its_element() -> None:
    assert not re.search("</script|<!--", vega.library(), re.IGNORECASE)
    assert "window.vegaEmbed=" in vega.library()


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The snippets that were bundled; each bundle holds its number."""
    snippets: list[str] = []

    def bundle(snippet: str) -> str:
        snippets.append(snippet)
        return f"// bundle {len(snippets)}\nlet ä;"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    return snippets


def test_the_library_is_bundled_once(bundled: list[str], tmp_path: Path) -> None:
    first = vega._bundle(tmp_path / "cache")
    second = vega._bundle(tmp_path / "cache")

    assert first == second == "// bundle 1\nlet ä;"
    assert len(bundled) == 1


@pytest.mark.parametrize("damage", [b"", b"\xff", zlib.compress(b"0\nalert(1)"), zlib.compress(b"\xff\n")])
def test_a_damaged_copy_is_not_used(bundled: list[str], tmp_path: Path, damage: bytes) -> None:
    vega._bundle(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(damage)

    assert vega._bundle(tmp_path) == "// bundle 2\nlet ä;"
    assert vega._bundle(tmp_path) == "// bundle 2\nlet ä;"
    assert len(bundled) == 2


def test_where_no_copy_can_be_kept_the_library_is_there_all_the_same(bundled: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert vega._bundle(tmp_path / "file") == "// bundle 1\nlet ä;"
    assert bundled
