# mypy: allow-untyped-calls
"""The public transforms that look at one document at a time, those of exact copies, and the example in Python."""

import gzip
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from beam_rows import THREADS, documents, outputs
from command import ROOT
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from massivetext import rules, signals, transforms
from massivetext.dedup.keeper import keeper_rank
from massivetext.errors import UserError
from massivetext.recipe import TokenizerOptions
from massivetext.schema import document_id
from massivetext.signals import definitions, registry
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.trainer import train_tokenizer
from massivetext.transforms.id_sets import contains_digest

GOOD = "The council of the town said that it would be glad to have the old bridge back, and that it will pay for it. "
TEXTS = {"a": GOOD * 20, "b": "Ja.", "c": "", "d": GOOD * 20, "e": "the and of " * 200}
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes a second
ITEM = "the old ferry leaves its harbour before sunrise and returns with letters bread and news"


def by_id(found: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: row for row in found}


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files of news, the working folder: three articles and a broken line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    lines = [{"text": GOOD, "url": "https://news.test/1", "title": "A bridge"}, {"text": GOOD * 2}]
    (tmp_path / "in" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "broken\n")
    (tmp_path / "in" / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps({"text": "Third."}).encode()))
    return tmp_path


def test_files_become_documents_with_the_ids_of_a_run(news: Path) -> None:
    read = outputs(lambda pipeline: pipeline | transforms.ReadDocuments("news", ["in/*"], source="papers"))
    found = by_id(read["documents"])

    assert sorted(row["text"] for row in found.values()) == sorted([GOOD.strip(), (GOOD * 2).strip(), "Third."])
    assert found[document_id("papers", "a.jsonl", "0")] == {
        "id": document_id("papers", "a.jsonl", "0"),
        "text": GOOD.strip(),
        "source": "papers",
        "origin": "a.jsonl",
        "key": "0",
        "url": "https://news.test/1",
        "title": "A bridge",
        "metadata": {},
        "html_bytes": None,
        "html_link_text_frac": None,
    }


def test_what_cannot_be_read_comes_out_beside_them(news: Path) -> None:
    (rejected,) = outputs(lambda pipeline: pipeline | transforms.ReadDocuments("news", ["in/*"]))["quarantine"]

    assert (rejected["source"], rejected["origin"], rejected["reason"]) == ("news", "a.jsonl", "bad_json")
    assert (rejected["length"], rejected["skipped"]) == (7, False)  # with its line break


def test_the_parts_of_a_large_file_give_what_the_whole_file_gives(news: Path) -> None:
    whole = outputs(lambda pipeline: pipeline | transforms.ReadDocuments("news", ["in/a.jsonl"]))
    parts = outputs(
        lambda pipeline: pipeline | transforms.ReadDocuments("news", ["in/a.jsonl"], shard_bytes=50), *THREADS
    )

    assert by_id(parts["documents"]) == by_id(whole["documents"])
    assert parts["quarantine"] == whole["quarantine"]


# -- signals and rules -------------------------------------------------------------------------------------------------


class InBatches(beam.PTransform[Any, Any]):
    """A transform that is expanded with other sizes of batches."""

    def __init__(self, inner: transforms.MeasureSignals | transforms.JudgeRules, sizes: dict[str, int]) -> None:
        super().__init__(type(inner).__name__)
        self._inner, self._sizes = inner, sizes

    def expand(self, rows: beam.PCollection[Any]) -> beam.PCollection[Any]:
        return self._inner.expand(rows, **self._sizes)


def judged(
    texts: dict[str, str], names: Sequence[str], *beam_args: str, sizes: dict[str, int] | None = None
) -> dict[str, dict[str, Any]]:
    steps = transforms.MeasureSignals(), transforms.JudgeRules(names)

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        measure, judge = steps if sizes is None else (InBatches(step, sizes) for step in steps)
        return {"judged": documents(pipeline, texts.items()) | measure | judge}

    return by_id(outputs(build, *beam_args)["judged"])


def test_signals_and_verdicts_are_those_of_the_functions_that_a_run_calls() -> None:
    found = judged(TEXTS, ["gopher", "safesearch"])
    measured = signals.measure(list(TEXTS.values()))
    judging = rules.combine_rule_sets(
        rules.load_rule_set(name, known=registry.types()) for name in ("gopher", "safesearch")
    )
    kept, failed = rules.judge_documents(measured, judging)
    expected = {
        name: {"id": name, "text": TEXTS[name], **row, "kept": bool(passed)}
        | {"failed": [rule.label for bit, rule in enumerate(judging) if int(bits) >> bit & 1]}
        for name, row, passed, bits in zip(TEXTS, measured.to_pylist(), kept, failed, strict=True)
    }

    assert found == expected
    assert found["a"]["kept"] is False  # twenty times the same
    assert "gopher/duplicate_line_frac" not in found["b"]["failed"]
    assert "gopher/word_count" in found["b"]["failed"]


def test_what_is_known_beside_the_text_counts() -> None:
    known = [
        beam.Row(text="# one\nx = 1", metadata={"language": "Python"}),
        beam.Row(text="# one\nx = 1", metadata={"path": "a"}, html_bytes=110, html_link_text_frac=0.25),
        beam.Row(text="# one\nx = 1"),
    ]
    names = ("comment_frac", "text_to_html_ratio", "link_text_frac")
    found = [
        tuple(row[name] for name in names)
        for rows in outputs(
            lambda pipeline: {
                str(number): pipeline | f"{number}" >> beam.Create([row]) | f"m{number}" >> transforms.MeasureSignals()
                for number, row in enumerate(known)
            }
        ).values()
        for row in rows
    ]

    assert found == [(5 / 11, 1.0, 0.0), (0.0, 0.1, 0.25), (0.0, 1.0, 0.0)]


def test_unsafe_text_is_told_by_a_model_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.ftz").write_bytes(definitions.UNSAFE_MODEL.read_bytes())
    Path("mine.json").write_text('{"calibration": {"slope": 0.0, "intercept": 0.0}}')
    measure = transforms.MeasureSignals(unsafe_model="mine.ftz")
    (row,) = outputs(lambda pipeline: {"all": documents(pipeline, [("a", "some words")]) | measure})["all"]

    assert row["unsafe_score"] == 0.5
    with pytest.raises(UserError, match=r"measure\.unsafe_model: none\.ftz: .*found no file"):
        transforms.MeasureSignals(unsafe_model="none.ftz")


def test_urls_are_held_against_lists_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts.txt").write_text("bad.test\n")
    urls = {"a": "http://www.bad.test/porn", "b": "b.test"}
    pages = [beam.Row(id=name, text="A.", url=url) for name, url in urls.items()]
    found = by_id(
        outputs(lambda pipeline: {"all": pipeline | beam.Create(pages) | transforms.MeasureSignals(hosts=["*.txt"])})[
            "all"
        ]
    )

    assert [found[name]["blocked_host"] for name in urls] == [1, 0]
    assert [found[name]["blocked_url_keyword_count"] for name in urls] == [1, 0]
    with pytest.raises(UserError, match=r"blocklists\.urls: none\.txt: no such file below"):
        transforms.MeasureSignals(urls=["none.txt"])
    with pytest.raises(UserError, match="MeasureSignals: hosts: want a list, each a text, got 3"):
        transforms.MeasureSignals(hosts=3)  # type: ignore[arg-type]


def test_a_rule_file_of_ones_own_is_found_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.toml").write_text('[[rule]]\nsignal = "word_count"\nmax = 1\nsource = "ours: a test"\n')
    found = judged({"one": "Ja.", "two": "Ja, ja."}, ["short.toml"])

    assert {name: (row["kept"], row["failed"]) for name, row in found.items()} == {
        "one": (True, []),
        "two": (False, ["short/word_count"]),
    }


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, Any]]:
    return judged(TEXTS, ["gopher"])


@settings(max_examples=6, deadline=None, phases=NO_SHRINKING)
@given(st.permutations(sorted(TEXTS)), st.integers(1, 6), st.integers(1, 3000), st.sampled_from([(), THREADS]))
def test_order_and_bundles_change_nothing(
    expected: dict[str, dict[str, Any]],
    order: list[str],
    batch_rows: int,
    batch_characters: int,
    beam_args: tuple[str, ...],
) -> None:
    sizes = {"batch_rows": batch_rows, "batch_characters": batch_characters}

    assert judged({name: TEXTS[name] for name in order}, ["gopher"], *beam_args, sizes=sizes) == expected


def test_a_bundle_that_is_done_once_more_gives_the_same() -> None:
    repeat = PipelineOptions(["--runner=FnApiRunner", "--direct_runner_bundle_repeat=1"])
    with beam.Pipeline(options=repeat) as pipeline:
        counts = documents(pipeline, TEXTS.items()) | transforms.MeasureSignals() | beam.Map(lambda row: row.word_count)

        assert_that(counts, equal_to([480, 1, 0, 480, 600]))


def test_times_and_windows_of_rows_stay_theirs() -> None:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        rows = (
            documents(pipeline, [("5", "five"), ("15", "fifteen"), ("16", "sixteen")])
            | beam.Map(lambda row: TimestampedValue(row, int(row.id))).with_output_types(
                beam.typehints.row_type.RowTypeConstraint.from_fields([("id", str), ("text", str)])
            )
            | transforms.MeasureSignals()
            | beam.WindowInto(FixedWindows(10))
            | transforms.JudgeRules(["gopher"])
        )
        counted = rows | beam.Map(lambda row: ("all", 1)) | beam.CombinePerKey(sum)
        return {"windows": counted | beam.Map(lambda pair: beam.Row(rows=int(pair[1])))}

    assert sorted(row["rows"] for row in outputs(build)["windows"]) == [1, 2]


def test_a_profile_judges_rows_that_have_the_signals_of_its_reading() -> None:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        rows = documents(pipeline, TEXTS.items())
        return {"judged": rows | transforms.MeasureSignals(readings=["dolma"]) | transforms.JudgeRules(["dolma"])}

    found = by_id(outputs(build)["judged"])

    assert found["a"]["dolma_stop_word_count"] == 20 * GOOD.split().count("the") + 20 * sum(
        GOOD.split().count(word) for word in ("be", "to", "of", "and", "that", "have", "with")
    )
    assert found["a"]["failed"][-1] == "dolma/duplicate_10_gram_char_frac"
    assert found["b"]["failed"] == ["dolma/word_count", "dolma/stop_word_count"]


# -- test sets and tokens ----------------------------------------------------------------------------------------------


def contaminated(folder: Path, texts: dict[str, str], **options: Any) -> dict[str, tuple[Any, ...]]:
    (folder / "bench.jsonl").write_text(json.dumps({"id": "q7", "text": ITEM}) + "\n")

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        marked = documents(pipeline, texts.items()) | transforms.MarkContamination([f"{folder}/*.jsonl"], **options)
        return {"marked": marked}

    fields = ("contaminated", "jaccard", "containment", "test_items")
    return {
        name: tuple(row[field] for field in fields) for name, row in by_id(outputs(build, *THREADS)["marked"]).items()
    }


def test_documents_that_overlap_a_test_item_are_marked(tmp_path: Path) -> None:
    # The item has 15 words and so 3 13-grams; with four words more, a text has 7, the item's 3 among them.
    texts = {"same": ITEM.upper(), "within": f"and so on {ITEM} again", "other": GOOD}

    assert contaminated(tmp_path, texts, lowercase=True) == {
        "same": (True, 1.0, 1.0, ["bench/q7 (full)"]),
        "within": (True, 3 / 7, 1.0, ["bench/q7 (full)"]),
        "other": (False, 0.0, 0.0, []),
    }
    alone = contaminated(tmp_path, texts, methods=["jaccard"])
    assert alone["within"] == (False, 3 / 7, 1.0, ["bench/q7 (full)"])
    assert alone["same"] == (False, 0.0, 1.0, ["bench/q7 (full)"])  # the similarity distinguishes case


def test_pages_of_wikitext_go_by_their_title(tmp_path: Path) -> None:
    (tmp_path / "wikitext.tokens").write_text(f" = The Bridge = \n\n {ITEM}\n")

    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        rows = pipeline | beam.Create(
            [beam.Row(id=title, text="Something else.", title=title) for title in ("The bridge", "The Bridge!")]
        )
        return {"marked": rows | transforms.MarkContamination([f"{tmp_path}/*.tokens"], by_title=True)}

    found = by_id(outputs(build)["marked"])

    assert {name: row["contaminated"] for name, row in found.items()} == {"The bridge": False, "The Bridge!": True}
    assert found["The Bridge!"]["test_items"] == ["wikitext/The Bridge (title)"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.model"
    path.write_bytes(train_tokenizer([GOOD, ITEM], TokenizerOptions(vocabulary_size=340)))
    return path


def test_tokens_are_those_of_the_encoder(model: Path) -> None:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        return {"encoded": documents(pipeline, TEXTS.items()) | transforms.EncodeTokens(str(model))}

    found = by_id(outputs(build)["encoded"])
    expected = Encoder(model.read_bytes()).encode(list(TEXTS.values()))

    assert [found[name]["tokens"] for name in TEXTS] == [ids.tolist() for ids in expected]
    assert found["c"]["tokens"] == []


# -- exact copies and verdicts -----------------------------------------------------------------------------------------


STAYS = {"kept": True, "duplicate_of": None, "similarity": None}


def exact(texts: Sequence[tuple[str, str]], *beam_args: str, seed: int = 0) -> dict[str, dict[str, Any]]:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        return {"verdicts": documents(pipeline, texts) | transforms.MarkExactDuplicates(seed=seed)}

    return by_id(outputs(build, *beam_args).get("verdicts", []))


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_of_equal_texts_the_one_with_the_smallest_rank_stays(seed: int) -> None:
    names = ["a", "b", "c"]
    keeper = names[int(keeper_rank(names, seed).argmin())]
    found = exact([("a", "x"), ("b", "x"), ("other", "X"), ("c", "x")], seed=seed)

    assert found.pop("other") == {"id": "other", **STAYS}
    assert found.pop(keeper) == {"id": keeper, **STAYS}
    assert found == {
        name: {"id": name, "kept": False, "duplicate_of": keeper, "similarity": 1.0} for name in names if name != keeper
    }


@settings(max_examples=5, deadline=None, phases=NO_SHRINKING)
@given(st.lists(st.sampled_from("xyz"), max_size=8), st.randoms(use_true_random=False))
def test_exact_verdicts_do_not_depend_on_order_or_bundles(texts: list[str], chance: Any) -> None:
    numbered = {str(number): text for number, text in enumerate(texts)}
    expected = {}
    for name, text in numbered.items():
        copies = [other for other in numbered if numbered[other] == text]
        keeper = copies[int(keeper_rank(copies, 7).argmin())]
        gone = {"kept": False, "duplicate_of": keeper, "similarity": 1.0}
        expected[name] = {"id": name, **(STAYS if name == keeper else gone)}

    assert exact(chance.sample(list(numbered.items()), len(numbered)), *THREADS, seed=7) == expected


def test_verdicts_take_out_what_they_drop_and_leave_the_rows_as_they_are() -> None:
    def build(pipeline: beam.Pipeline) -> dict[str, Any]:
        measured = documents(pipeline, [("a", "x"), ("b", "x"), ("c", "y")]) | transforms.MeasureSignals()
        verdicts = measured | transforms.MarkExactDuplicates()
        return {
            "measured": measured,
            "left": {"documents": measured, "verdicts": verdicts} | transforms.ApplyVerdicts(),
        }

    found = outputs(build, *THREADS)
    measured, left = by_id(found["measured"]), by_id(found["left"])
    gone = ["a", "b"][int(keeper_rank(["a", "b"], 0).argmax())]

    assert left == {name: row for name, row in measured.items() if name != gone}


@given(st.sets(st.binary(min_size=16, max_size=16), max_size=40), st.binary(min_size=16, max_size=16))
def test_packed_digests_hold_exactly_what_was_packed(digests: set[bytes], other: bytes) -> None:
    packed = b"".join(sorted(digests))

    assert all(contains_digest(packed, digest) for digest in digests)
    assert contains_digest(packed, other) is (other in digests)


# -- the example -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_example_runs_on_two_processes(news: Path, model: Path) -> None:
    story = " ".join(f"In the year {year} the town had {3 * year} houses and {7 * year} trees." for year in range(60))
    texts = [GOOD, story, f"{story} It was sold."]  # an exact copy of the first article, and two near copies
    (news / "in" / "c.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    (news / "items.txt").write_text("Third.\n")
    command = [sys.executable, str(ROOT / "examples" / "own_pipeline.py"), "--inputs", "in/*", "--output", "out"]
    options = ["--test_sets", "items.txt", "--model", str(model), "--runner=FnApiRunner"]
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    done = subprocess.run([*command, *options, *workers], cwd=news, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = {
        name: [json.loads(line) for path in (news / "out").glob(f"{name}-*") for line in path.read_text().splitlines()]
        for name in ("documents", "near", "quarantine")
    }
    # "Third." is a test item.
    kept = {row["id"]: row["text"] for row in found["documents"]}
    articles = [document_id("news", "a.jsonl", "0"), document_id("news", "c.jsonl", "0")]
    stories = [document_id("news", "c.jsonl", str(line)) for line in (1, 2)]
    first, second = (names[int(keeper_rank(names, 0).argmin())] for names in (articles, stories))
    encoder = Encoder(model.read_bytes())

    assert set(kept) == {first, second, document_id("news", "a.jsonl", "1")}
    assert kept[first] == GOOD.strip()
    assert kept[second] == texts[1 + stories.index(second)]
    assert all(row["tokens"] == encoder.encode([row["text"]])[0].tolist() for row in found["documents"])
    assert [row["duplicate_of"] for row in found["near"] if not row["kept"]] == [second]
    assert [row["reason"] for row in found["quarantine"]] == ["bad_json"]
