"""An object store that does not answer is told to the user while it is still tried."""

import time

import pytest

from massivetext.storage import answers
from massivetext.storage.answers import answer_within, silence_told


def test_a_store_that_is_silent_is_told_once_while_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_SILENT_SECONDS", 0.1)
    monkeypatch.setattr(answers, "_told", [-1e9])
    said: list[str] = []

    def answer_late(path: str) -> str:
        time.sleep(0.3)
        return path

    with silence_told(said.append):
        assert [answer_within(300.0, answer_late, "bucket/run") for _ in range(2)] == ["bucket/run"] * 2
    assert answer_within(300.0, answer_late, "bucket/other") == "bucket/other"  # nobody is there to be told

    assert said == ["bucket/run: the store has not answered for 0 s; trying for up to 300 s"]
