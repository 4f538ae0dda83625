"""A run that cuts test items out of documents: the rest of them is what tokenizer, records and exports read."""

import shutil
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import write_recipe, write_texts
from command import massivetext

from massivetext.corpus.opened_run import open as open_run
from massivetext.demo import prose
from massivetext.demo.chance import Chance
from massivetext.records.reader import open_records
from massivetext.report.run_report import RunReport
from massivetext.runs.store import Run
from massivetext.stages.finished import open_context
from massivetext.tokenizer.model_files import model_file, read_encoder

OPTIONS = """
[decontaminate]
test_sets = ["quiz.txt"]
actions = { quiz = "cut" }
cut_words = 5

[tokenizer]
vocabulary_size = 400

[records]
mode = "pack"
sequence_length = 64
"""
ITEM = "Zyxa " + " ".join(f"quizzical{at} Zorblax{at}" for at in range(12)) + " Zyxz"


def texts() -> list[str]:
    found = [prose.essay(Chance(1, "cut", number), "history", 150).text for number in range(30)]
    found[3] = f"{found[3]}\n\n{ITEM}\n\n{found[4]}"
    found[5] = f"few words {ITEM} and few more"
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut")
    write_texts(folder / "news.jsonl", texts())
    (folder / "quiz.txt").write_text(ITEM)
    write_recipe(folder, {"news": {"rules": [], "deduplicate": False}}, OPTIONS)
    massivetext("run", "recipe.toml", "--output", "run", "--workers", "1", folder=folder)
    massivetext("export", "run", "--format", "parquet", "--to", "out", folder=folder)
    return folder / "run"


def exported(run: Path) -> dict[str, str]:
    """Return the exported texts by the first words of their documents."""
    tables = [pq.read_table(path) for path in sorted((run.parent / "out" / "news").glob("*.parquet"))]
    return {text[:30]: text for table in tables for text in table["text"].to_pylist()}


def test_the_pieces_stay_and_the_item_goes_with_words_around_it(run: Path) -> None:
    before, after = texts()[3].split(f"\n\n{ITEM}\n\n")
    left = exported(run)[before[:30]]

    assert left.split() == [*before.split()[:-5], *after.split()[5:]]
    assert left.count("\n\n") == f"{before}\n\n{after}".count("\n\n")
    assert not any(text.startswith("few words") for text in exported(run).values())  # no piece of it was long enough


def test_the_records_hold_the_exported_texts(run: Path) -> None:
    context = open_context(Run(str(run)))
    encoder = read_encoder(context.run.path(model_file(context.recipe)))
    records = list(open_records(str(run / "records")))
    written = "".join(encoder.decode(record.tokens) for record in records)
    texts_left = list(exported(run).values())

    assert "Zorblax" not in written
    assert "Zorblax" in texts()[3]
    kept = sum(source.kept_bytes for source in open_records(str(run / "records")).dataset.sources)
    assert kept == sum(len(text.encode()) for text in texts_left)
    sampled = [
        line for path in (run / "tokenizer").rglob("*.parquet") for line in pq.read_table(path)["passage"].to_pylist()
    ]
    assert sampled
    assert not any("Zorblax" in passage for passage in sampled)


def test_counts_are_those_of_what_is_left(run: Path) -> None:
    report = msgspec.json.decode((run / "report" / "report.json").read_bytes(), type=RunReport)
    words = sum(len(text.split()) for text in exported(run).values())

    assert report.sources["news"].funnel["decontaminate"].words == words
    assert report.contamination is not None
    assert (report.contamination.cut, report.contamination.removed) == (1, 1)
    assert [(each.name, each.cut) for each in report.contamination.test_sets] == [("quiz", 1)]
    counts = Run(str(run)).need("decontaminate").totals("news/")
    assert (counts["kept_words"], counts["cut"]) == (words, 1)


def test_kept_documents_have_what_is_left_in_python_and_sql_and_all_documents_have_the_whole(run: Path) -> None:
    pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'massivetext[sql]'")
    opened = open_run(run)
    kept = [text for batch in opened.documents(columns=["text"]) for text in batch["text"].to_pylist()]
    whole = [text for batch in opened.documents(columns=["text"], kept=None) for text in batch["text"].to_pylist()]
    for view, after, expected in (
        ("kept", None, kept),
        ("kept", "near-dedup", whole),
        ("documents", None, whole),
    ):
        found = opened.sql(f"SELECT text FROM {view}", after=after)["text"].to_pylist()
        assert sorted(found) == sorted(expected), (view, after)
    assert sorted(kept) == sorted(exported(run).values())
    assert sum("Zorblax" in text for text in whole) == 2


def test_a_comparison_counts_what_is_left(run: Path, tmp_path: Path) -> None:
    words = sum(len(text.split()) for text in exported(run).values())
    opened = open_run(run)
    (same,) = opened.diff(run).sources.values()
    (judged,) = opened.diff(run, up_to="judge").sources.values()
    assert (same.before.words, same.changed_texts, judged.before.words > words) == (words, 0, True)

    copy = shutil.copytree(run, tmp_path / "copy")
    (path,) = (copy / "contamination/cuts").rglob("*.parquet")
    table = pq.read_table(path)
    left = [text.swapcase() for text in table["text"].to_pylist()]
    pq.write_table(table.set_column(1, table.schema.field("text"), pa.array(left, pa.large_string())), path)
    assert opened.diff(copy).sources["news"].changed_texts == len(left) == 1


def test_the_evidence_is_of_the_stored_text(run: Path) -> None:
    context = open_context(Run(str(run)))
    (shard,) = context.all_shards()
    stored = context.run.read_table("documents", shard)["text"].to_pylist()
    for hit in context.run.read_table("contamination", shard).to_pylist():
        assert stored[hit["row"]][hit["start"] : hit["end"]] == hit["text"] == ITEM
        assert hit["cuts"]
    for cut in context.read_cuts(shard, ["row", "text", "starts", "ends"]).to_pylist():
        pieces = zip(cut["starts"], cut["ends"], strict=True)
        assert "\n\n".join(stored[cut["row"]][start:end] for start, end in pieces) == cut["text"]


def test_a_trace_says_what_was_cut(run: Path) -> None:
    context = open_context(Run(str(run)))
    (shard,) = context.all_shards()
    row = context.read_cuts(shard, ["row"])["row"][0].as_py()
    name = context.run.read_table("documents", shard, ["id"])["id"][row].as_py()

    assert "(cut out)" in massivetext("trace", run, name, "--all", folder=run.parent).stdout
    assert "without what overlaps" in " ".join(massivetext("trace", run, name, folder=run.parent).stdout.split())
    assert "every file is as it was written" in massivetext("verify", run, folder=run.parent).stdout
