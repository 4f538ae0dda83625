"""Pages are extracted beside the workers, and that changes no byte."""

import gzip
from pathlib import Path

import pytest
from builders import file_hashes, write_recipe

from massivetext.engines import engine, local_workers
from massivetext.engines.engine import Engine
from massivetext.orchestration.driver import prepare
from massivetext.recipe import load_recipe
from massivetext.runs.store import Run

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it. "


def crawl(pages: range) -> bytes:
    members = []
    for number in pages:
        page = f"<html><head><title>{number}</title></head><body><p>{SENTENCE * 3}{number}</p></body></html>"
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page.encode()
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{number}\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        members.append(gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0))
    return b"".join(members)


def ingested(tmp_path: Path, name: str, workers: int, seconds: int) -> tuple[dict[str, str], float]:
    """Hashes of what ingest writes about the documents, and the CPU seconds that it noted."""
    options = f'[ingest]\nextractor = "trafilatura"\nmax_page_seconds = {seconds}\n'
    web = {"kind": "web", "inputs": ["../*.warc.gz"], "shard_bytes": 2_000, "weight": 1.0, "rules": []}
    folder = tmp_path / name
    folder.mkdir()
    recipe = load_recipe(str(write_recipe(folder, {"web": web}, options)))
    run = Run(str(folder / "run"))
    prepare(recipe, run.folder, Engine(workers=workers), until="ingest").run()
    state = run.state()
    assert state is not None
    data = Path(run.folder) / "documents"
    return file_hashes(data), state.stages[0].cpu_seconds or 0.0


def test_workers_and_the_watchdog_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "START_SECONDS", 0.0)
    for number in range(3):
        (tmp_path / f"{number}.warc.gz").write_bytes(crawl(range(10 * number, 10 * number + 10)))
    alone, _ = ingested(tmp_path, "alone", 1, 0)
    watched, seconds = ingested(tmp_path, "watched", 1, 60)
    by_two, seconds_of_two = ingested(tmp_path, "by-two", 2, 60)

    assert len(alone) >= 3
    assert alone == watched == by_two
    # What the processes beside the workers have used is counted: they have imported trafilatura.
    assert seconds > 0.2
    assert seconds_of_two > 0.4
    assert local_workers.workers_usage()[0] > 0
