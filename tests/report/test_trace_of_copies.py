"""What trace says, word for word, of a copy in an earlier run and of the members of a chain of near-duplicates."""

from pathlib import Path

import msgspec
import pytest
from earlier_runs import run_of

from massivetext.cli.trace_lines import trace_lines
from massivetext.dedup.near_duplicates import near_shingles
from massivetext.recipe import DedupOptions, NearOptions
from massivetext.report.examples import DocumentLocation
from massivetext.report.trace import trace_document
from massivetext.runs.context import Context
from massivetext.schema import document_id

NEAR = NearOptions(ngram=2, threshold=0.6, bands=64, rows=2)
WORDS = [f"w{number}" for number in range(60)]


def fates(context: Context) -> list[str]:
    """The first line of trace for each document of the only shard."""
    (shard,) = context.all_shards()
    rows = context.run.read_table("documents", shard, ["id"]).num_rows
    return [trace_lines(trace_document(context, DocumentLocation(shard, row)))[0] for row in range(rows)]


def similarity(one: str, other: str) -> float:
    """The Jaccard similarity of two texts."""
    first, second = (set(near_shingles(text, NEAR).tolist()) for text in (one, other))
    return len(first & second) / len(first | second)


def test_a_copy_of_an_earlier_run_is_named_with_its_corpus(tmp_path: Path) -> None:
    text, variant = " ".join(WORDS), " ".join([*WORDS[:-3], "x", "y", "z"])
    run_of(tmp_path / "old", {"news": [["of its own", text]]}, NEAR)
    batch = run_of(tmp_path / "new", {"books": [[text, variant, "new"]]}, NEAR, DedupOptions(against=("../old",)))
    copy = f"a copy of {document_id('news', '0.txt', '1')} of news of ../old, 0.txt, similarity"

    assert fates(batch) == [
        f"Removed by exact-dedup: {copy} 1.000.",
        f"Removed by near-dedup: {copy} {similarity(text, variant):.3f}.",
        "Kept by judge, exact-dedup and near-dedup; none of its tokens are in the records.",
    ]


# Windows of 30 words that slide by four: neighbours share 25 of 33 pairs of words, windows that are two apart 21 of 37.
WINDOWS = [" ".join(WORDS[at : at + 30]) for at in range(0, 24, 4)]


@pytest.mark.parametrize("transitive", [False, True])
def test_a_member_of_a_chain_is_shown_with_what_was_measured(tmp_path: Path, transitive: bool) -> None:
    near = msgspec.structs.replace(NEAR, clusters="transitive") if transitive else NEAR
    context = run_of(tmp_path, {"news": [WINDOWS]}, near)
    ids = [document_id("news", "0.txt", str(row)) for row in range(len(WINDOWS))]
    said = fates(context)
    kept = [row for row, line in enumerate(said) if line.startswith("Kept")]

    assert similarity(WINDOWS[0], WINDOWS[1]) == 25 / 33
    assert similarity(WINDOWS[0], WINDOWS[2]) == 21 / 37
    assert len(kept) == 1 if transitive else 2 <= len(kept) <= 3
    for row, line in enumerate(said):
        if row in kept:
            continue
        keeper = next(other for other in kept if ids[other] in line)
        steps = abs(keeper - row)
        relation = "a copy of" if steps == 1 else "connected with"
        assert line.startswith(f"Removed by near-dedup: {relation} {ids[keeper]} of news, 0.txt")
        if steps == 1:
            assert line.endswith("similarity 0.758.")
        else:  # never a similarity above the threshold with the kept one, which nobody has measured
            assert transitive
            assert "similarity" not in line or float(line.rstrip(".").rpartition(" ")[2]) < NEAR.threshold
