"""Runners: lanes and how they are balanced, options, and errors in a worker."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import apache_beam as beam
import pytest
from apache_beam.runners.portability import spark_runner
from beam_calls import map_each
from hypothesis import given
from hypothesis import strategies as st

from massivetext.engines.engine import START_SECONDS, DistributeLanes, Engine, balance_lanes
from massivetext.errors import (
    FencedOutError,
    LockHeldError,
    MassivetextError,
    StageError,
    UserError,
    mark_for_driver,
    unmark,
)

# Functions within tests are pickled by value, so that worker processes need not import this file.


# -- lanes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workers", "tasks", "cost", "expected"),
    [
        (4, 100, 1000.0, 4),
        (4, 3, 1000.0, 3),  # no lane without a work item
        (4, 0, 1000.0, 1),
        (1, 100, 1000.0, 1),
        (4, 100, 2 * START_SECONDS, 1),  # done before the others have started
        (4, 100, 2 * START_SECONDS + 0.1, 4),
        (4, 100, 0.0, 1),
    ],
)
def test_the_embedded_runner_gets_one_lane_per_worker(workers: int, tasks: int, cost: float, expected: int) -> None:
    assert Engine(workers=workers).lanes(tasks, cost) == expected


def test_an_unknown_cost_counts_as_large() -> None:
    assert Engine(workers=3).lanes(100) == 3


@pytest.mark.parametrize(("tasks", "expected"), [(0, 1), (1, 1), (1000, 1000)])
def test_a_cluster_gets_one_lane_per_work_item(tasks: int, expected: int) -> None:
    engine = Engine(workers=2, beam_args=("--runner=SparkRunner",))

    assert not engine.embedded
    assert engine.lanes(tasks, 0.0) == expected


def test_balance_by_hand() -> None:
    # The most expensive first, each to the cheapest lane: a 5 | b 4 | c 3 -> b (7) | d 3 -> a (8) | e 1 -> b (8).
    assert balance_lanes([("c", 3), ("a", 5), ("e", 1), ("b", 4), ("d", 3)], 2) == [["a", "d"], ["b", "c", "e"]]


def test_equal_costs_are_divided_in_order() -> None:
    assert balance_lanes([(number, 1.0) for number in range(5)], 2) == [[0, 2, 4], [1, 3]]


def test_lanes_without_a_work_item_are_left_out() -> None:
    assert balance_lanes([("a", 1.0)], 5) == [["a"]]
    assert balance_lanes([], 5) == []


@given(st.lists(st.integers(0, 1000), max_size=60), st.integers(1, 9))
def test_every_work_item_is_in_one_lane_and_loads_differ_by_at_most_one_work_item(costs: list[int], lanes: int) -> None:
    dealt = balance_lanes([(number, float(cost)) for number, cost in enumerate(costs)], lanes)
    loads = [sum(costs[number] for number in lane) for lane in dealt]

    assert sorted(number for lane in dealt for number in lane) == list(range(len(costs)))
    assert len(dealt) <= lanes
    if loads:
        loads += [0] * (lanes - len(loads))
        assert max(loads) - min(loads) <= max(costs)


def test_many_work_items_are_divided_quickly() -> None:
    started = time.monotonic()

    # As on a cluster, with one lane per work item: a search of all lanes for each work item would take minutes.
    assert len(balance_lanes([(number, 1.0) for number in range(100_000)], 100_000)) == 100_000
    assert time.monotonic() - started < 10


# -- options -----------------------------------------------------------------------------------------------------------


def test_workers_are_at_least_one() -> None:
    with pytest.raises(UserError, match="--workers: want at least 1, got 0"):
        Engine(workers=0)


@pytest.mark.parametrize(
    "given_options",
    [
        (),
        ("--runner=SparkRunner", "--spark_version=3"),
        ("--runner", "DataflowRunner", "--region", "europe-west4"),
        ("--worker_machine_type=n2-standard-8", "--experiment=use_runner_v2", "--label=team=data"),  # second names
        ("--no_use_public_ips", "--streaming", "--environment_type=DOCKER"),
    ],
)
def test_options_of_beam_are_taken(given_options: tuple[str, ...]) -> None:
    assert Engine(beam_args=given_options).beam_args == given_options


@pytest.mark.parametrize("option", ["--sparkmaster=x", "--sparkmaster", "--num_worker=3", "--num-workers=3", "-n=3"])
def test_an_option_that_beam_does_not_know_is_refused(option: str) -> None:
    with pytest.raises(
        UserError, match=f"^{option.split('=')[0]}: Beam knows no such option; everything after -- goes to Beam$"
    ):
        Engine(beam_args=("--region=x", option))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--num_workers=many", "Beam refuses its options: argument --num_workers: invalid int value: 'many'"),
        (
            "--direct_running_mode=fast",
            "Beam refuses its options: argument --direct_running_mode: invalid choice: 'fast'",
        ),
    ],
)
def test_a_value_that_beam_does_not_take_is_refused_in_a_line(
    option: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as caught:
        Engine(beam_args=(option,))

    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert "usage" not in capfd.readouterr().err


# -- errors ------------------------------------------------------------------------------------------------------------


def failing(error: Exception) -> Callable[[beam.Pipeline], object]:
    """Return a job whose elements fail."""

    def process(_: object) -> None:
        raise error

    return lambda pipeline: pipeline | DistributeLanes(["a", "b"]) | map_each(process)


MESSAGES = st.text() | st.text(st.sampled_from('\\"<>\n a[]é\x00'), max_size=12)


@given(MESSAGES, st.sampled_from([UserError, StageError, LockHeldError, FencedOutError]))
def test_a_marked_error_is_found_in_whatever_a_runner_makes_of_it(message: str, kind: type[MassivetextError]) -> None:
    marked = mark_for_driver(kind(message))

    def build(_: beam.Pipeline) -> None:
        return None

    class Job(beam.Pipeline):
        def run(self, *_: object) -> NoReturn:
            raise RuntimeError(
                f'Traceback ...\nmassivetext.errors.X: {marked} [while running "Process"]\n<<more>> "text">>'
            )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(beam, "Pipeline", Job)
        with pytest.raises(kind) as caught:
            Engine().run(build, lanes=1)

    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_an_error_class_that_is_defined_elsewhere_arrives_as_itself() -> None:
    class NewError(StageError):
        """Defined outside of massivetext, as by a stage of a user."""

    with pytest.raises(NewError, match=r"^full$"):
        Engine().run(failing(mark_for_driver(NewError("full"))), lanes=1)


def test_a_copy_of_an_error_class_that_a_worker_unpickled_is_not_taken_for_it() -> None:
    class CopiedError(StageError):
        """The class that the caller knows."""

    original = CopiedError
    copy = type("CopiedError", (StageError,), {})

    assert type(unmark('<<massivetext CopiedError "full">>')) is original
    assert copy is not original


def test_an_error_class_that_the_driver_does_not_know_is_a_stage_error() -> None:
    found = unmark('x <<massivetext OtherError "full">> y')

    assert type(found) is StageError
    assert str(found) == "full"


def test_an_error_that_a_user_can_correct_arrives_as_one_message() -> None:
    for error in (UserError('books/ü.txt: "quoted"\nand a \\'), StageError("no space left on device")):
        with pytest.raises(type(error)) as caught:
            Engine().run(failing(mark_for_driver(error)), lanes=1)

        assert str(caught.value) == str(error)


def test_a_programming_error_arrives_as_itself() -> None:
    with pytest.raises(ZeroDivisionError, match="ours") as caught:
        Engine().run(failing(ZeroDivisionError("ours")), lanes=1)

    assert any(entry.name == "process" for entry in caught.traceback)  # down to the line


def test_an_error_while_the_job_is_built_is_itself() -> None:
    def build(_: beam.Pipeline) -> None:
        raise UserError("not marked")

    with pytest.raises(UserError, match=r"^not marked$"):
        Engine().run(build, lanes=1)


# -- worker processes --------------------------------------------------------------------------------------------------


def test_each_lane_is_processed_by_its_own_worker(tmp_path: Path) -> None:
    def meet(lane: list[str]) -> None:
        """Wait for the other lane: both arrive here only if they are processed at the same time."""
        own, other = lane
        (tmp_path / own).write_text(str(os.getpid()))
        deadline = time.monotonic() + 30
        while not (tmp_path / other).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        (tmp_path / f"{own}-met").write_text(str((tmp_path / other).exists()))

    Engine(workers=2).run(
        lambda pipeline: pipeline | DistributeLanes([["a", "b"], ["b", "a"]]) | map_each(meet), lanes=2
    )
    processes = {(tmp_path / name).read_text() for name in "ab"}

    assert [(tmp_path / f"{name}-met").read_text() for name in "ab"] == ["True", "True"]
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


def test_an_error_in_a_worker_process_arrives_as_one_message() -> None:
    with pytest.raises(StageError) as caught:
        Engine(workers=2).run(failing(mark_for_driver(StageError('a.gz: "ü" is\nfull \\'))), lanes=2)

    assert str(caught.value) == 'a.gz: "ü" is\nfull \\'


def test_one_lane_needs_no_worker_process(tmp_path: Path) -> None:
    def write(lane: str) -> None:
        (tmp_path / lane).write_text(str(os.getpid()))

    Engine(workers=2).run(lambda pipeline: pipeline | DistributeLanes(["a"]) | map_each(write), lanes=1)

    assert (tmp_path / "a").read_text() == str(os.getpid())


class Server:
    """A job server that records that it was stopped."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


def test_job_servers_that_beam_keeps_end_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = {"one": Server(), "other": Server()}
    monkeypatch.setattr(spark_runner, "JOB_SERVER_CACHE", dict(servers))

    Engine(workers=2).close()
    assert not any(server.stopped for server in servers.values())
    Engine(beam_args=("--runner=SparkRunner",)).close()
    assert all(server.stopped for server in servers.values())
    assert not spark_runner.JOB_SERVER_CACHE
