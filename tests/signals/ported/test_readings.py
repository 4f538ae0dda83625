"""The ported signals of every tool: golden vectors of the paper, ranges; and they are measured on request only."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_run import tiny_context

from massivetext import recipe, rules, signals
from massivetext.jobs.measure import measure_shard
from massivetext.orchestration.plan import compute_stage_keys
from massivetext.runs.stage import RunPlan
from massivetext.runs.store import Shard
from massivetext.runs.work_items import WorkItem
from massivetext.signals import ported, registry
from massivetext.signals.ported.ported_signals import PORTED_FAMILIES

TEXTS = st.text(st.sampled_from("ab A.,'’\"-#…•*\n\r\t ́ß中:/n't()") | st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("reading", "duplicate"),
    [("datatrove", 0.211), ("dclm", 0.603), ("dolma", 0.273), ("nemo", 0.300), ("redpajama2", 0.603)],
)
def test_a_passage_that_comes_twice(passage: str, reading: str, duplicate: float) -> None:
    measured = signals.measure_text(passage, readings=(reading,))

    assert measured[f"{reading}_duplicate_5_gram_char_frac"] == pytest.approx(duplicate, abs=5e-4)
    assert measured["duplicate_5_gram_char_frac"] == pytest.approx(0.603, abs=5e-4)  # ours, as without the reading


@pytest.mark.parametrize(
    ("reading", "duplicate", "top"),
    [
        ("datatrove", 0.508, 1.610),
        ("dclm", 1.000, 1.900),
        ("dolma", 1.000, 1.900),
        ("nemo", 0.949, 0.847),
        ("redpajama2", 1.000, 1.900),
    ],
)
def test_one_word_again_and_again(laughter: str, reading: str, duplicate: float, top: float) -> None:
    measured = signals.measure_text(laughter, readings=(reading,))

    assert measured[f"{reading}_duplicate_5_gram_char_frac"] == pytest.approx(duplicate, abs=5e-4)
    assert measured[f"{reading}_top_2_gram_char_frac"] == pytest.approx(top, abs=5e-4)


@pytest.mark.parametrize(
    ("reading", "top"),
    [("datatrove", 0.196), ("dclm", 0.205), ("dolma", 0.205), ("nemo", 0.196), ("redpajama2", 0.205)],
)
def test_a_rhyme(rhyme: str, reading: str, top: float) -> None:
    measured = signals.measure_text(rhyme, readings=(reading,))

    assert measured[f"{reading}_top_3_gram_char_frac"] == pytest.approx(top, abs=5e-4)


@pytest.mark.parametrize("reading", PORTED_FAMILIES)
@given(text=TEXTS)
@example("\n")
@example("\x85")
@example("'")
@settings(deadline=None, max_examples=60)
def test_every_value_is_within_its_range(reading: str, text: str) -> None:
    for name, (value,) in ported.measure_ported([text], [reading]).items():
        signal = registry.ALL[name]

        assert signal.low is not None
        assert signal.high is not None
        assert math.isfinite(value)
        assert signal.low <= value <= signal.high
        assert isinstance(value, np.integer) or not pa.types.is_integer(signal.type)


@pytest.mark.parametrize("reading", PORTED_FAMILIES)
def test_an_empty_text_has_the_registered_values(reading: str) -> None:
    measured = signals.measure_text("", readings=(reading,))
    own = {name: signal for name, signal in registry.ALL.items() if signal.family == reading}

    assert {name: measured[name] for name in own} == {name: signal.empty for name, signal in own.items()}


@pytest.mark.parametrize("reading", PORTED_FAMILIES)
def test_a_profile_judges_by_its_reading_alone(reading: str) -> None:
    judging = rules.load_rule_set(reading, known=registry.types()).rules

    assert registry.readings_of(rules.signals_read_by(judging)) == (reading,)
    assert {name for name, signal in registry.ALL.items() if signal.family == reading} <= rules.signals_read_by(judging)


def test_readings_add_columns_and_change_none(rhyme: str) -> None:
    alone = signals.measure([rhyme, ""])
    beside = signals.measure([rhyme, ""], readings=tuple(PORTED_FAMILIES))

    assert beside.schema == registry.schema(tuple(PORTED_FAMILIES))
    assert beside.select(alone.column_names) == alone
    assert registry.readings_of(alone.column_names) == ()


def test_the_key_of_measuring_changes_with_the_readings_alone(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text('name = "tiny"\nseed = 1\n[sources.news]\nkind = "news"\ninputs = ["*.jsonl"]\nweight = 1\n')
    loaded = recipe.load_recipe(str(path))
    sets = {
        name: rules.combine_rule_sets([rules.load_rule_set(name, known=registry.types())])
        for name in ("gopher", "fineweb", "dolma")
    }
    keys = {
        name: compute_stage_keys(RunPlan(loaded, {"news": []}, {"news": judging}, {}))["measure"]
        for name, judging in sets.items()
    }

    assert keys["gopher"] == keys["fineweb"]
    assert keys["gopher"] != keys["dolma"]


def test_only_the_source_whose_rules_ask_for_a_reading_has_it(tmp_path: Path, rhyme: str) -> None:
    context = tiny_context(str(tmp_path), {"news": [[rhyme]], "web": [[rhyme]]})
    dolma = rules.combine_rule_sets([rules.load_rule_set("dolma", known=registry.types())])
    context = replace(context, rules={"news": context.rules["news"], "web": dolma})
    for source in ("news", "web"):
        measure_shard(context, WorkItem(Shard(source, 0, 1), (), 0.0))

    assert context.run.read_table("signals", Shard("news", 0, 1)).schema == registry.schema()
    assert context.run.read_table("signals", Shard("web", 0, 1)).schema == registry.schema(("dolma",))
