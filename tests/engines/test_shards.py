"""Tasks of shard-wise stages: every one is done once, whoever comes first."""

import threading
from pathlib import Path

from massivetext.engines.shard_jobs import Lane, Task, claim, priced
from massivetext.runs.store import Shard


def tasks(count: int) -> tuple[Task, ...]:
    return tuple(Task(Shard("web", number, count), (), float(number)) for number in range(count))


def test_a_lane_of_a_cluster_is_taken_whole() -> None:
    assert list(claim(Lane(tasks(3), None))) == list(tasks(3))


def test_two_workers_take_every_task_once(tmp_path: Path) -> None:
    lane, taken = Lane(tasks(200), str(tmp_path)), {1: [], 2: []}  # type: ignore[var-annotated]
    start = threading.Barrier(2)

    def work(worker: int) -> None:
        start.wait()
        taken[worker] += claim(lane)

    workers = [threading.Thread(target=work, args=(worker,)) for worker in taken]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(task.shard.index for task in taken[1] + taken[2]) == list(range(200))


def test_a_task_is_claimed_only_when_the_one_before_it_is_done(tmp_path: Path) -> None:
    slow, quick = claim(Lane(tasks(4), str(tmp_path))), claim(Lane(tasks(4), str(tmp_path)))

    assert next(slow).shard.index == 0  # and it takes long, so that the other has all the rest
    assert [task.shard.index for task in quick] == [1, 2, 3]
    assert list(slow) == []


def test_costs_are_multiplied_and_nothing_else_changes() -> None:
    (task,) = priced([Task(Shard("web", 0, 1), (), 3.0)], 0.5)

    assert task == Task(Shard("web", 0, 1), (), 1.5)
