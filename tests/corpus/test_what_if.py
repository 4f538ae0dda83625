"""What other rules would keep is what a run with these rules keeps, for all documents, words, bytes and rules."""

import dataclasses
import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import write_recipe
from corpus_commands import ask
from handmade_documents import RULES

import massivetext
from massivetext.corpus.opened_run import OpenedRun
from massivetext.corpus.rule_changes import Rules, make_change, sweep_values
from massivetext.corpus.what_if import RuleEffect, WhatIf
from massivetext.jobs.judge import judge_shard
from massivetext.rules import load_rule_set
from massivetext.runs.store import Run
from massivetext.runs.work_items import WorkItem
from massivetext.signals import registry


def _counts_of(found: WhatIf) -> dict[str, dict[str, int]]:
    """Return the counts after the change, under the names that the stage commits them under, by source."""
    return {
        source: {
            "kept": effect.after.documents,
            "kept_words": effect.after.words,
            "kept_bytes": effect.after.bytes,
            "removed": effect.read - effect.after.documents,
            **{
                f"failed:{rule}": each.failed_after
                for rule, each in effect.rules.items()
                if each.failed_after is not None
            },
        }
        for source, effect in found.sources.items()
    }


def _counts_of_stage(run: OpenedRun, rules: Rules, folder: Path) -> dict[str, dict[str, int]]:
    """Return the counts that the stage commits when it judges a copy of the run by other rules."""
    context = dataclasses.replace(run.context, run=Run(str(folder)), rules=rules)
    found: dict[str, dict[str, int]] = {}
    for shard in context.all_shards():
        counts = judge_shard(context, WorkItem(shard, (), 0.0)).counts
        sums = found.setdefault(shard.source, dict.fromkeys(counts, 0))
        for name, count in counts.items():
            sums[name] += count
    return found


def _random_changes(seed: int, run: OpenedRun) -> Mapping[str, float | bool]:
    """Return new limits for some rules, near values that documents have."""
    chance = random.Random(seed)
    table = pa.Table.from_batches(run.signals())
    chosen = chance.sample([rule for rule in run.rules["c4"] if rule.signal], 3)
    changes: dict[str, float | bool] = {f"{chosen[0].label}.report_only": True}
    for rule in chosen[1:]:
        field = "max" if rule.max is not None else "min"
        changes[f"{rule.label}.{field}"] = chance.choice(table[rule.signal].to_pylist())
        if rule.min is not None and rule.max is not None:
            changes[f"{rule.label}.min"] = 0.0
    return changes


@pytest.mark.parametrize("seed", range(10))
def test_the_counts_are_those_of_the_stage_for_random_changes(real: Path, tmp_path: Path, seed: int) -> None:
    run = massivetext.open(real / "run")
    rules = run.changed_rules(_random_changes(seed, run))
    copy = shutil.copytree(real / "run", tmp_path / "run")

    assert _counts_of(run.whatif_each([rules])[0]) == _counts_of_stage(run, rules, copy)


def test_a_run_of_the_rule_set_that_was_written_has_the_same_counts(real: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(real, tmp_path / "real")
    settings = ["--set", "gopher/word_count.min=120", "--set", "gopher/duplicate_line_frac.max=0.05"]
    done = ask("whatif", "run", *settings, "--write", "mine.toml", "--json", folder=folder)
    answer = json.loads(done.out)["sources"]["c4"]
    recipe = write_recipe(
        folder, {"c4": {"inputs": ["c4.jsonl"], "rules": ["mine.toml"]}, "news": {"inputs": ["news.jsonl"]}}
    )
    result = massivetext.run(recipe, folder / "run", until="judge")
    judged = massivetext.open(folder / "run")
    manifest = judged.context.run.need("judge").totals("c4/")

    assert result.stages == ("judge",)
    assert answer["before"]["documents"] > answer["after"]["documents"] > 0
    assert [answer["after"][name] for name in ("documents", "words", "bytes")] == [
        manifest[name] for name in ("kept", "kept_words", "kept_bytes")
    ]
    assert {name.replace("gopher/", "mine/"): each["failed_after"] for name, each in answer["rules"].items()} == {
        name.removeprefix("failed:"): count for name, count in manifest.items() if name.startswith("failed:")
    }
    assert judged.funnel().at("c4", "rules").documents == answer["after"]["documents"]
    again = ask("whatif", "run", *settings, "--write", "mine.toml", folder=folder)
    assert "mine.toml: exists, and is not overwritten" in again.err


def test_a_rule_set_is_written_as_it_is(real: Path, tmp_path: Path) -> None:
    arguments = ["--set", "gopher/word_count.min=50", "--write", "same.toml"]
    same = ask("whatif", real / "run", *arguments, folder=tmp_path)
    ask("whatif", real / "run", "--set", "gopher/word_count.min=60.5", "--write", "other.toml", folder=tmp_path)
    written = load_rule_set("other.toml", known=registry.types(), folder=tmp_path).rules
    gopher = load_rule_set("gopher", known=registry.types()).rules

    assert "--write: want changes of one rule set, which is then written, got changes of none" in same.err
    assert not (tmp_path / "same.toml").exists()
    assert written[0].min == 60.5
    assert written[1:] == gopher[1:]


# Words of the documents of web: 60 10 10 70 80; 50 100 101 60 65 66. The second has other faults beside its length (10,
# German, repeated lines), 70 has repeated lines. A limit of 65 takes 60, 50 and 60 away.
def test_documents_that_change_come_nearest_the_limit_first(finished: Path) -> None:
    found = massivetext.open(finished).whatif({"gopher/word_count.min": 65, "gopher/word_count.max": 101})
    web = found.sources["web"]

    assert (web.read, web.gained, web.lost) == (11, 1, 3)
    assert (web.before.documents, web.before.words) == (7, 60 + 80 + 50 + 100 + 60 + 65 + 66)
    assert (web.after.documents, web.after.words) == (5, 80 + 100 + 101 + 65 + 66)
    assert [(each.rule, each.signal, each.value, each.limit) for each in found.gained] == [
        ("gopher/word_count", "word_count", 101, 100.0)
    ]
    assert [(each.value, each.limit) for each in found.lost] == [(60, 65.0), (60, 65.0), (50, 65.0)]
    # 10 (alone) and 10 (with others) and 101 (alone) fail before; 10, 10, 60, 50, 60 after.
    assert web.rules["gopher/word_count"] == RuleEffect(3, 5, 2, 4)


def test_other_rule_sets_take_the_place_of_all_rules(real: Path) -> None:
    run = massivetext.open(real / "run")
    found = run.whatif(rule_sets=["language"], sources=["c4"])

    assert list(found.sources) == ["c4"]
    assert found.sources["c4"].rules["gopher/word_count"].failed_after is None
    assert found.sources["c4"].rules["language/language"].failed_before is None
    assert found.sources["c4"].after.documents > found.sources["c4"].before.documents


def test_no_change_changes_nothing(real: Path) -> None:
    found = massivetext.open(real / "run").whatif()

    assert (found.gained, found.lost) == ((), ())
    for effect in found.sources.values():
        assert effect.before == effect.after
        assert all(each.failed_before == each.failed_after for each in effect.rules.values())


def test_a_sweep_is_one_answer_for_each_value(real: Path) -> None:
    run = massivetext.open(real / "run")
    done = ask("whatif", real / "run", "--sweep", "gopher/word_count.min=20:200:60", "--json", folder=real)
    swept = json.loads(done.out)

    assert [each["value"] for each in swept] == [20, 80, 140, 200]
    for each in swept:
        single = run.whatif({"gopher/word_count.min": each["value"]}).sources["c4"]
        assert each["sources"]["c4"]["after"]["documents"] == single.after.documents


def test_values_of_a_sweep_are_exact_and_bounded() -> None:
    assert sweep_values("0.1:0.3:0.1") == [0.1, 0.2, 0.3]
    assert sweep_values("3:1:-1") == [3, 2, 1]
    for wrong in ("1:2", "1:2:0", "a:2:1", "2:1:1", "0:1:0.000001", "nan:2:1", "0:inf:1", ""):
        with pytest.raises(massivetext.UserError, match="--sweep: want NAME=FIRST:LAST:STEP with 1 to 1,000 values"):
            sweep_values(wrong)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gopher/word_cont.min": 1}, "gopher/word_cont: no source has this rule .did you mean 'gopher/word_count'"),
        ({"word_count.min": 1}, "word_count.min: want RULE.min, RULE.max"),
        ({"gopher/word_count.min": "many"}, "gopher/word_count.min: want a number, or none for no bound, got 'many'"),
        ({"gopher/word_count.min": 1000}, "gopher/word_count.min: on 'word_count': want min <= max"),
        ({"gopher/word_count.min": "nan"}, "gopher/word_count.min: on 'word_count': want finite bounds"),
        ({"gopher/word_count.min": True}, "gopher/word_count.min: want a number, or none for no bound, got true"),
        ({"gopher/word_count.min": 10**400}, "gopher/word_count.min: want a number.*got a number of very many digits"),
        ({"gopher/duplicate_line_frac.max": None}, "without a limit; gopher/duplicate_line_frac.report_only=true"),
        ({1: 2}, "1: want RULE.min, RULE.max"),
        ({"lang/language.min": 1}, "lang/language.min: on 'language': want min, max or both, or else allow"),
        (
            {"trial/stop.min": 1},
            "trial/stop.min: want one of its signals in the name, as trial/stop.stop_word_count.min",
        ),
        ({"gopher/word_count.line_count.min": 1}, "want no signal, or 'word_count', got 'line_count'"),
        ({"trial/stop.report_only": "maybe"}, "trial/stop.report_only: want true or false, got 'maybe'"),
        ({"lang/language.allow": ","}, "lang/language.allow: want texts with commas between them, got ','"),
    ],
)
def test_a_change_that_makes_no_rule_is_refused(finished: Path, changes: dict[str, float], message: str) -> None:
    with pytest.raises(massivetext.UserError, match=message):
        massivetext.open(finished).whatif(changes)


@pytest.mark.parametrize("order", [1, -1])
def test_limits_of_a_rule_that_change_together_need_no_order(finished: Path, order: int) -> None:
    run = massivetext.open(finished)
    for changes, expected in (
        ({"gopher/word_count.min": 200_000, "gopher/word_count.max": 300_000}, (200_000, 300_000)),
        ({"gopher/word_count.min": None, "gopher/word_count.max": 2}, (None, 2)),
        ({"gopher/duplicate_line_frac.max": None, "gopher/duplicate_line_frac.min": 0.5}, (0.5, None)),
    ):
        rules = run.changed_rules(dict([*changes.items()][::order]), sources=["web"])["web"]
        (changed,) = (rule for rule in rules if rule not in run.rules["web"])
        assert (changed.min, changed.max) == expected


def test_spaces_between_texts_are_no_part_of_them(finished: Path) -> None:
    rules = massivetext.open(finished).changed_rules({"lang/language.allow": "en, de"})
    assert next(rule for rule in rules["web"] if rule.label == "lang/language").allow == ("en", "de")


def test_alternatives_and_marking_rules_can_be_changed(finished: Path) -> None:
    run = massivetext.open(finished)
    rules = run.changed_rules({"trial/stop.stop_word_count.min": 1, "trial/stop.report_only": "false"})
    stop = rules["web"][3]

    assert stop.any_of is not None
    assert (stop.any_of[0].min, stop.any_of[1], stop.report_only) == (1, RULES["web"][3].any_of[1], False)  # type: ignore[index]
    # Row 2 has no stop word; it fails the other rules too.
    assert run.whatif_each([rules])[0].sources["web"].rules["trial/stop"] == RuleEffect(3, 1, 0, 0)
    assert make_change("a/b.allow", "en,de").value == ("en", "de")


def test_signals_that_were_not_measured_are_named(real: Path) -> None:
    run = massivetext.open(real / "run")

    with pytest.raises(massivetext.UserError, match=r"rule 'dolma/.*reads the signal 'dolma_.* has not measured for"):
        run.whatif(rule_sets=["dolma"])


def test_the_command_says_what_would_be_lost_and_that_nothing_is_kept(real: Path) -> None:
    done = ask("whatif", real / "run", "--set", "gopher/word_count.min=100000", folder=real)

    assert "No document of source c4 would be kept." in done.out
    assert "Would be removed, nearest the limit:" in done.out
    for arguments, message in (
        ([], "whatif: want a change"),
        (["--set", "gopher/word_count.min"], "--set gopher/word_count.min: want RULE.min"),
        (["--sweep", "gopher/word_count.min=1:2:1", "--write", "a.toml"], "--write: writes the changes of --set"),
        (["--set", "gopher/word_count.min=9", "--write", "A.toml"], "want a .toml file named with lower-case letters"),
    ):
        refused = ask("whatif", real / "run", *arguments, folder=real)
        assert refused.code == 2
        assert message in refused.err


def test_a_stored_signal_file_of_another_length_is_damage(finished: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    path = next((folder / "signals" / "web").glob("*.parquet"))
    pq.write_table(pq.read_table(path).slice(1), path)

    with pytest.raises(massivetext.StageError, match="want one verdict per document"):
        massivetext.open(folder).whatif({"gopher/word_count.min": 9})
