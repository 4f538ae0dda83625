"""The quickstart as a user meets it: what it leaves, says, verifies, traces, and reads back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from command import massivetext

from massivetext.loader import load
from massivetext.records.reader import check_records, open_records
from massivetext.report.destinations import destinations
from massivetext.report.examples import DocumentLocation
from massivetext.report.trace import find_documents, trace_document
from massivetext.runs.log_events import is_log
from massivetext.runs.store import Run
from massivetext.runs.verify import verify_run
from massivetext.stages.finished import open_context
from massivetext.tokenizer.encoder import Encoder


def test_the_table_at_the_end_names_every_source_and_where_things_lie(quickstart: Path) -> None:
    output = (quickstart / "output.txt").read_text()

    for word in ("web", "books", "news", "code", "wikipedia", "tokens", "records", "report", "index.html"):
        assert word in output


def test_running_it_again_says_that_everything_is_done(quickstart: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (quickstart / "run" / "records").iterdir()}
    done = massivetext("run", "quickstart", "--output", "run", folder=quickstart)

    assert "everything is done already" in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in (quickstart / "run" / "records").iterdir()}


def test_the_mixture_is_the_recipes_within_one_sequence_a_source(quickstart: Path) -> None:
    records = open_records(str(quickstart / "run" / "records"))
    counted = np.bincount([record.source for record in records], minlength=5)
    mixture = records.dataset.mixture

    assert sum(counted) == len(records)
    for source in records.dataset.sources:
        target = float(mixture.weights[source.name]) * len(records)
        assert abs(counted[source.id] - target) < 1


def test_no_record_holds_padding_or_an_unknown_id(quickstart: Path) -> None:
    assert check_records(str(quickstart / "run" / "records")) == []


def test_the_loader_reads_every_record_once_in_a_global_shuffle(quickstart: Path) -> None:
    folder = str(quickstart / "run" / "records")
    records = open_records(folder)
    ordered = sorted(bytes(np.asarray(record.tokens, np.int64)) for record in records)
    batches = list(load(folder, batch_size=1, seed=3, epochs=1))
    read = [bytes(np.asarray(batch["inputs"][0], np.int64)) for batch in batches]

    assert sorted(read) == ordered
    assert read != [bytes(np.asarray(record.tokens, np.int64)) for record in records]
    assert max(int(batch["inputs"].max()) for batch in batches) < records.dataset.vocab_size
    assert records.dataset.special_ids.pad not in {int(i) for batch in batches for i in np.unique(batch["inputs"])}


def test_verify_finds_nothing_wrong(quickstart: Path) -> None:
    done = massivetext("verify", "run", folder=quickstart)

    assert "every file is as it was written" in done.stdout


def test_verify_finds_one_flipped_byte_in_any_file(quickstart: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(quickstart / "run", copy)
    every = (path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
    files = sorted(path for path in every if not is_log(path.relative_to(copy).as_posix()))
    # One file of each kind and folder is enough: hashing the whole run for each of hundreds would take minutes.
    chosen = {(path.parent.relative_to(copy).parts[:2], path.suffix): path for path in files}
    for number, path in enumerate(chosen.values()):
        data = bytearray(path.read_bytes())
        place = (number * 7919) % len(data)
        data[place] ^= 1 << number % 8
        path.write_bytes(data)
        problems = verify_run(Run(str(copy)))
        data[place] ^= 1 << number % 8
        path.write_bytes(data)

        assert any(str(path) in problem for problem in problems), path
    assert verify_run(Run(str(copy))) == []


def test_trace_tells_a_documents_whole_story(quickstart: Path) -> None:
    context = open_context(Run(str(quickstart / "run")))
    shard = next(shard for shard in context.all_shards() if shard.source == "web")
    for row in np.flatnonzero(context.kept(shard)):
        if destinations(context, DocumentLocation(shard, int(row))):
            break
    document = context.run.read_table("documents", shard, ["id", "url"]).slice(int(row), 1).to_pylist()[0]
    by_id = massivetext("trace", "run", document["id"], "--all", folder=quickstart).stdout
    by_url = massivetext("trace", "run", document["url"], "--all", folder=quickstart).stdout

    assert by_id == by_url
    for word in (document["id"], "word_count", "gopher/word_count", "train-", "kept"):
        assert word in by_id


def test_trace_finds_the_tokens_of_a_document_in_the_records(quickstart: Path) -> None:
    context = open_context(Run(str(quickstart / "run")))
    shard = next(shard for shard in context.all_shards() if shard.source == "news")
    encoder = Encoder((quickstart / "run/tokenizer/tokenizer.model").read_bytes())
    records = open_records(str(quickstart / "run/records"))
    shards = len(records.dataset.train.shards)
    checked = 0
    for row in np.flatnonzero(context.kept(shard))[:80]:
        document = context.run.read_table("documents", shard, ["id", "text"]).slice(int(row), 1).to_pylist()[0]
        (place,) = find_documents(context, document["id"]).documents
        for span in trace_document(context, place).sequences:
            number = int(span.file.split("-")[1])
            tokens = records[span.record * shards + number].tokens[span.position : span.position + span.tokens]
            text = encoder.decode(np.array([token for token in tokens if token > 3], np.uint32))
            assert text.strip()[:200] in document["text"]
            checked += 1

    assert checked > 5


def test_trace_of_nothing_is_the_users_mistake(quickstart: Path) -> None:
    done = massivetext("trace", "run", "no-such-document", folder=quickstart, check=False)

    assert done.returncode == 2
    assert "no such document" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_report_holds_the_counts_of_the_run(quickstart: Path) -> None:
    report = json.loads((quickstart / "run/report/report.json").read_text())
    page = (quickstart / "run/report/index.html").read_text()
    tokens = open_context(Run(str(quickstart / "run"))).run.need("records").fact("tokens", dict[str, int])

    assert report["recipe"]["name"] == "quickstart" if isinstance(report.get("recipe"), dict) else "quickstart" in page
    assert "<script src=" not in page
    assert "http://" not in page.split("<body", 1)[0]
    for source in tokens:
        assert source in page


@pytest.mark.parametrize("command", ["run", "check", "report", "verify", "demo", "trace"])
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    done = massivetext(command, "--help", folder=tmp_path)

    assert "Usage" in done.stdout
