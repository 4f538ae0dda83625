"""A page whose extraction hangs or crashes costs itself alone."""

import gzip
import threading
from pathlib import Path

import pytest
from builders import read_file

from massivetext.engines.usage import Usage
from massivetext.errors import StageError
from massivetext.extract import watchdog
from massivetext.extract.extracted_page import ExtractedPage
from massivetext.extract.page_process import PageRequest
from massivetext.extract.watchdog import GivenUp, extract_apart, extract_within, page_processes
from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

HANGING = "hanging_pages:extract"
REQUEST = PageRequest("http://a.example/", "trafilatura", None, 1)
SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it. "


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_CLOCK_TIMES", 500)


def of(html: str) -> ExtractedPage | GivenUp:
    return extract_apart(html, REQUEST, HANGING)


def test_a_page_that_hangs_in_compiled_code_is_given_up_and_the_next_one_goes_on() -> None:
    before = Usage.now()

    assert of("first") == ExtractedPage("text of first", "http://a.example/", 0.5)
    assert of("hang") == GivenUp(
        "extraction_timeout", "it took more than 1 s of CPU time; [ingest] max_page_seconds can allow more"
    )
    assert of("next") == ExtractedPage("text of next", "http://a.example/", 0.5)
    used = Usage.now().since(before).cpu_seconds
    watchdog.end_page_processes()
    assert page_processes() == []
    assert used >= 1.0


def test_a_page_that_waits_for_ever_is_given_up_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_CLOCK_TIMES", 1)

    assert of("stop") == GivenUp(
        "extraction_timeout", "it took more than 1 s on the clock; [ingest] max_page_seconds can allow more"
    )


def test_a_page_that_crashes_a_library_or_makes_it_fail_is_given_up() -> None:
    assert of("crash") == GivenUp(
        "extraction_failed", "the process that extracted it ended with signal 11 (SIGSEGV), twice"
    )
    assert of("raise") == GivenUp("extraction_failed", "the extractor raised LookupError: no such thing")
    assert of("next") == ExtractedPage("text of next", "http://a.example/", 0.5)


def test_a_process_that_the_system_ended_is_started_again(tmp_path: Path) -> None:
    page = f"once {tmp_path / 'begun'}"

    assert of(page) == ExtractedPage(f"text of {page}", "http://a.example/", 0.5)


def test_a_lack_of_memory_is_no_fault_of_the_page() -> None:
    with pytest.raises(MemoryError, match="no memory is left"):
        of("memory")


def test_a_process_that_cannot_be_started_is_told() -> None:
    with pytest.raises(StageError, match="did not start: it ended with exit code 1"):
        extract_apart("<p>x", REQUEST, "hanging_pages:missing")


def test_an_extractor_that_is_not_installed_is_no_fault_of_the_page() -> None:
    with pytest.raises(StageError, match="ended with exit code 1"):
        of("absent")


def test_threads_have_processes_of_their_own_and_use_them_again() -> None:
    watchdog.end_page_processes()
    together = threading.Barrier(2)

    def extract(number: int) -> None:
        process = watchdog._processes.take(HANGING)
        together.wait()
        watchdog._processes.give_back(HANGING, process)

    threads = [threading.Thread(target=extract, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = page_processes()

    assert len(before) == 2
    assert of("page") == ExtractedPage("text of page", "http://a.example/", 0.5)
    assert page_processes() == before


def test_small_pages_of_our_own_extractor_stay_in_this_process() -> None:
    watchdog.end_page_processes()
    html = f"<html><body><p>{SENTENCE * 3}</p></body></html>"

    assert extract_within(html, None, "salient", None, 60) == extract_within(html, None, "salient", None, 0)
    assert page_processes() == []
    large = f"{html}<p>{SENTENCE * 30}</p>" + "<p>more" * 80_000
    assert extract_within(large, None, "salient", None, 60) == extract_within(large, None, "salient", None, 0)
    assert len(page_processes()) == 1


def warc(pages: list[str]) -> bytes:
    members = []
    for number, page in enumerate(pages):
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page.encode()
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/{number}\r\n"
        head += f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        members.append(gzip.compress(head.encode() + block + b"\r\n\r\n", mtime=0))
    return b"".join(members)


def test_a_page_that_hangs_goes_to_quarantine_with_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warc(["first", "hang", "crash", "last"]))
    monkeypatch.setattr(extract_apart, "__defaults__", (HANGING,))
    items = read_file("web", path, IngestOptions(extractor="trafilatura", max_page_seconds=1))

    assert [item.text if isinstance(item, Document) else (item.reason, item.url, item.skipped) for item in items] == [
        "text of first",
        ("extraction_timeout", "http://a.example/1", False),
        ("extraction_failed", "http://a.example/2", False),
        "text of last",
    ]
    assert all(item.length for item in items if isinstance(item, Rejected))
