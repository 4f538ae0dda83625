"""Bad input and failures of the machine: each ends in quarantine, or in one message with file, position and remedy."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import write_recipe
from command import massivetext, peak_memory

from massivetext.runs.store import Run

TEXT = "The river rises in the hills and runs to the sea, and the people of the valley have always lived with it. " * 12


def recipe(folder: Path, inputs: str = "*.jsonl*", *, kind: str = "news", weight: float = 1.0, more: str = "") -> Path:
    """Write a recipe of one source without rules."""
    return write_recipe(folder, {kind: {"inputs": [inputs], "weight": weight, "rules": []}}, more, name="bad")


def news(number: int) -> bytes:
    """Return a line of news."""
    return json.dumps({"id": str(number), "text": f"{number} {TEXT}"}).encode() + b"\n"


def ingested(folder: Path, path: Path) -> tuple[int, list[dict[str, Any]]]:
    """Run ingest, and return the number of documents and the quarantine."""
    massivetext("run", path, "--output", "run", "--workers", "1", "--until", "ingest", folder=folder)
    manifest = Run(str(folder / "run")).need("ingest")
    parts = sorted((folder / "run/quarantine").rglob("*.jsonl"))
    lines = [line for part in parts for line in part.read_bytes().splitlines()]
    rejected = [msgspec.json.decode(line) for line in lines]
    assert manifest.totals()["rejected"] + manifest.totals()["skipped"] == len(rejected)
    return manifest.totals()["documents"], rejected


def refused(folder: Path, *arguments: str | Path, code: int = 2) -> str:
    """Return the message of the command when it refuses."""
    done = massivetext(*arguments, folder=folder, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return " ".join(done.stderr.split())


def test_a_truncated_gzip_keeps_what_can_be_read(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(news(number) for number in range(2000)), mtime=0)
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    documents, rejected = ingested(tmp_path, recipe(tmp_path))

    assert 0 < documents < 2000
    assert len(rejected) >= 1
    assert all(line["origin"] == "a.jsonl.gz" for line in rejected)


def test_invalid_utf8_bad_json_and_missing_text_are_quarantined_line_by_line(tmp_path: Path) -> None:
    lines = [news(0), b'{"text": "\xff\xfe"\n', b'{"text": \n', b'{"title": "no text"}\n', news(1)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    documents, rejected = ingested(tmp_path, recipe(tmp_path))

    assert documents == 2
    assert [line["reason"] for line in rejected] == ["bad_json", "bad_json", "no_text"]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    (tmp_path / "b.jsonl").write_bytes(news(0))
    documents, rejected = ingested(tmp_path, recipe(tmp_path))

    assert documents == 1
    assert [(line["origin"], line["reason"]) for line in rejected] == [("a.jsonl", "empty_file")]


@pytest.mark.slow
def test_a_200_megabyte_line_is_passed_over_without_being_held(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.jsonl.gz", "wb", compresslevel=1) as handle:
        handle.write(news(0))
        handle.write(b'{"text": "')
        for _ in range(200):
            handle.write(b"word " * 200_000)
        handle.write(b'"}\n')
        handle.write(news(1))
    path = recipe(tmp_path)
    command = ("run", path, "--workers", "1", "--until", "ingest")
    peak = peak_memory(*command, "--output", "run", folder=tmp_path)
    documents, rejected = ingested(tmp_path, path)

    assert documents == 2
    assert [line["reason"] for line in rejected] == ["record_too_large"]
    assert rejected[0]["length"] > 200_000_000
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(news(0)))
    small = peak_memory(*command, "--output", "small", folder=tmp_path)
    assert peak - small < 190_000_000  # 150 MB here; the line held once would add 200


def test_a_parquet_with_the_wrong_columns_names_both(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": ["x"], "url": ["y"]}), tmp_path / "a.parquet")
    message = refused(tmp_path, "run", recipe(tmp_path, "*.parquet"), "--output", "run", "--until", "ingest")

    assert "sources.news: no document could be read: most often wrong_columns (1 times), as in a.parquet" in message
    assert "want a column 'text' (text_field of the source), got columns body, url" in message
    assert "set text_field of the source" in message


def test_a_damaged_record_in_the_middle_of_a_warc_costs_that_record(tmp_path: Path) -> None:
    members = []
    for number in range(5):
        html = f"<html><body><article><p>{number} {TEXT}</p></article></body></html>".encode()
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(html) + html
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/{number}\r\n"
        head += f"WARC-Date: 2024-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number:036}>\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        members.append(bytearray(gzip.compress(head.encode() + http + b"\r\n\r\n", mtime=0)))
    middle = len(members[2]) // 2
    members[2][middle : middle + 8] = b"\x00" * 8
    (tmp_path / "a.warc.gz").write_bytes(b"".join(members))
    documents, rejected = ingested(tmp_path, recipe(tmp_path, "*.warc.gz", kind="web"))

    assert documents == 4
    assert len(rejected) == 1
    assert rejected[0]["origin"] == "a.warc.gz"


def test_a_typo_in_the_recipe_is_named_with_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))
    message = refused(tmp_path, "run", recipe(tmp_path, more="[near]\nngrams = 5"), "--output", "run")

    assert "recipe.toml: near.ngrams: unknown key; did you mean 'ngram'?" in message
    assert not (tmp_path / "run").exists()


def test_weights_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))

    assert "want weights that sum to exactly 1, got 0.9" in refused(tmp_path, "check", recipe(tmp_path, weight=0.9))


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path, "check", recipe(tmp_path, "nowhere/*.gz"))

    assert "sources.news.inputs" in message
    assert "nowhere/*.gz" in message


def test_an_unknown_rule_set_and_an_unknown_signal_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))
    path = recipe(tmp_path)
    (tmp_path / "mine.toml").write_text('[[rule]]\nsignal = "word_cuont"\nmin = 1\nsource = "ours"\n')
    path.write_text(path.read_text().replace("rules = []", 'rules = ["mine.toml"]'))
    assert "word_count" in refused(tmp_path, "check", path)

    path.write_text(path.read_text().replace("mine.toml", "gophr"))
    assert "gopher" in refused(tmp_path, "check", path)


def test_a_rule_on_a_signal_that_is_not_measured_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))
    path = recipe(tmp_path)
    (tmp_path / "mine.toml").write_text('[[rule]]\nsignal = "language_paragraph_frac"\nmin = 0.5\nsource = "ours"\n')
    path.write_text(path.read_text().replace("rules = []", 'rules = ["mine.toml"]'))
    message = refused(tmp_path, "check", path)

    assert "sources.news: rule 'mine/language_paragraph_frac': reads the signal" in message
    assert "add paragraph_languages = true under [measure]" in message


def test_a_source_without_a_surviving_document_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "too short"}\n')
    path = recipe(tmp_path)
    path.write_text(path.read_text().replace("rules = []", 'rules = ["gopher"]'))
    message = refused(tmp_path, "run", path, "--output", "run", "--workers", "1")

    assert "sources.news: no document is left: all 1 fail its rules, most gopher/" in message
    assert not (tmp_path / "run/exact-dedup").exists()  # it stopped after judge


def test_a_full_disk_is_one_message_and_the_run_resumes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"".join(news(number) for number in range(2000)))
    path = recipe(tmp_path)
    # A limit on the size of files fails every write, as a full disk does, and needs no disk of its own.
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000));"
        "from massivetext.cli.main import run_command_line; sys.exit(run_command_line(sys.argv[1:]))"
    )
    arguments = ["run", str(path), "--output", "run", "--workers", "1", "--until", "measure"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "run again to go on" in " ".join(done.stderr.split())
    massivetext(*arguments, folder=tmp_path)
    assert Run(str(tmp_path / "run")).need("measure").totals()["documents"] == 2000


def test_a_missing_tokenizer_model_is_named_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))
    message = refused(tmp_path, "run", recipe(tmp_path, more='[tokenizer]\nmodel = "no.model"'), "--output", "run")

    assert "no.model" in message


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))
    (tmp_path / "run").mkdir()
    (tmp_path / "run/precious.txt").write_text("mine")

    assert "is not empty and holds no run" in refused(tmp_path, "run", recipe(tmp_path), "--output", "run")
    assert (tmp_path / "run/precious.txt").read_text() == "mine"


def test_an_unknown_beam_option_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(news(0))

    message = refused(tmp_path, "run", recipe(tmp_path), "--output", "run", "--", "--no_such_option=1")

    assert "--no_such_option" in message


@pytest.mark.parametrize("command", ["report", "verify", "trace"])
def test_a_folder_without_a_run_is_named(command: str, tmp_path: Path) -> None:
    arguments = [command, "nowhere", *(["x"] if command == "trace" else [])]

    assert "no run here" in refused(tmp_path, *arguments)
