"""The registry: complete, documented, and what `measure` returns."""

import hashlib
import math
import re
from pathlib import Path

import pyarrow as pa
import pytest

from massivetext import signals
from massivetext.signals import definitions, registry, signals_page
from massivetext.signals.ported.ported_signals import PORTED_FAMILIES

ROOT = Path(__file__).resolve().parents[2]


def test_measure_returns_the_schema() -> None:
    table = signals.measure(["a text", ""])

    assert table.schema == registry.schema()
    assert table.num_rows == 2
    assert all(not field.nullable for field in table.schema)
    table.validate(full=True)


def test_no_texts_give_an_empty_table_of_the_schema() -> None:
    table = signals.measure([])

    assert table.schema == registry.schema()
    assert table.num_rows == 0


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_an_empty_text_has_the_registered_values(text: str) -> None:
    measured = signals.measure_text(text)
    sized = {"character_count", "byte_count", "longest_line_length", "mean_line_length"}  # white space has a size
    expected = {name: signal.empty for name, signal in registry.SIGNALS.items() if not text or name not in sized}

    assert {name: measured[name] for name in expected} == expected


def test_measure_text_is_the_row_of_measure() -> None:
    text = "The fox and the dog. The fox and the dog."

    assert signals.measure_text(text) == signals.measure(["other", text]).to_pylist()[1]


def test_signals_describe_themselves() -> None:
    for name, signal in registry.SIGNALS.items():
        assert signal.name == name
        assert signal.meaning.endswith(".")
        assert signal.source
        assert pa.types.is_string(signal.type) == (signal.unit == "code")
        if signal.low is not None:
            assert signal.high is not None
            assert signal.low < signal.high
            assert (signal.high == 1.0) == (signal.unit == "share")
            assert math.isfinite(signal.low)


def test_every_natural_language_and_repetition_signal_of_redpajama_has_its_like() -> None:
    assert len(signals_page.REDPAJAMA) == 18 + 9
    assert {name for ours, _ in signals_page.REDPAJAMA.values() for name in ours} <= set(registry.SIGNALS)
    page = signals_page.markdown()
    assert all(f"`{field}`" in page for field in signals_page.REDPAJAMA)


def test_types_are_those_of_the_schema() -> None:
    schema = registry.schema(tuple(PORTED_FAMILIES))

    assert registry.types() == {field.name: field.type for field in schema}


def test_documentation_is_not_stale() -> None:
    page = (ROOT / "docs" / "signals.md").read_text(encoding="utf-8")

    assert page == signals_page.markdown()


def test_the_readme_says_how_many_signals_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\b(\d+) signals\b", readme)) == {str(len(registry.SIGNALS))}


def test_the_model_comes_with_its_licence() -> None:
    notice = (ROOT / "massivetext/signals/models/NOTICE.md").read_text(encoding="utf-8")

    assert "CC BY-SA 3.0" in notice
    assert "https://creativecommons.org/licenses/by-sa/3.0/" in notice


def test_assets_digest_changes_with_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signals.assets_digest()
    (tmp_path / "list.txt").write_text("1\tred fox\n", encoding="utf-8")
    monkeypatch.setattr(definitions, "UNSAFE_PHRASES", tmp_path / "list.txt")

    assert len(before) == len(hashlib.sha256().hexdigest())
    assert signals.assets_digest() not in ("", before)
