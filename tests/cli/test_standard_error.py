"""What libraries print to standard error while a run is shown: hidden, but a crash is kept."""

import os

import pytest

from massivetext.cli.process_control import crash_lines, hide_standard_error


def test_lines_that_show_a_crash_are_kept_and_no_others(capfd: pytest.CaptureFixture[str]) -> None:
    kept: list[str] = []
    printed = (
        "trainer_interface.cc(1) LOG(INFO) piece SECRET\n"
        "terminate called after throwing an instance of 'std::bad_alloc'\n"
        "  what():  std::bad_alloc\n"
        "ValueError: the document says SECRET\n"
        "Fatal Python error: Aborted\n"
        '  File "measure.py", line 3 in measure_shard\n'
    )

    def crash() -> None:
        with hide_standard_error(debug=False, keep=kept.extend):
            os.write(2, printed.encode())
            raise OSError("crash")

    with pytest.raises(OSError, match="crash"):
        crash()

    assert kept == [
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "  what():  std::bad_alloc",
        "Fatal Python error: Aborted",
        '  File "measure.py", line 3 in measure_shard',
    ]
    assert capfd.readouterr().err == ""


def test_tracebacks_of_exceptions_do_not_bury_a_crash() -> None:
    thread = [
        "Exception in thread read_state:",
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in _raise',
    ]
    stack = ["Fatal Python error: Segmentation fault", "", "Current thread 0x01 (most recent call first):"]
    frame = '  File "measure.py", line 3 in measure_shard'

    assert list(crash_lines([*thread, *thread])) == []
    assert list(crash_lines([*thread, *stack, frame, "", *thread])) == [stack[0], stack[2], frame]


def test_nothing_is_kept_of_a_block_that_succeeds(capfd: pytest.CaptureFixture[str]) -> None:
    kept: list[str] = []
    with hide_standard_error(debug=False, keep=kept.extend):
        os.write(2, b"Fatal Python error: Aborted\n")
    os.write(2, b"shown again\n")

    assert kept == []
    assert capfd.readouterr().err == "shown again\n"


def test_with_debug_everything_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with hide_standard_error(debug=True):
        os.write(2, b"shown\n")

    assert capfd.readouterr().err == "shown\n"
