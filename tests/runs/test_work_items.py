"""Work items of stages that work shard by shard: each is done once, by the worker that claims it first."""

import threading
from pathlib import Path

from massivetext.runs.store import Shard
from massivetext.runs.work_items import Lane, WorkItem, claim_work_items, scale_costs


def work_items(count: int) -> tuple[WorkItem, ...]:
    return tuple(WorkItem(Shard("web", number, count), (), float(number)) for number in range(count))


def test_a_lane_of_a_cluster_is_taken_whole() -> None:
    assert list(claim_work_items(Lane(work_items(3), None))) == list(work_items(3))


def test_two_workers_take_every_work_item_once(tmp_path: Path) -> None:
    lane = Lane(work_items(200), str(tmp_path))
    taken: dict[int, list[WorkItem]] = {1: [], 2: []}
    start = threading.Barrier(2)

    def work(worker: int) -> None:
        start.wait()
        taken[worker] += claim_work_items(lane)

    workers = [threading.Thread(target=work, args=(worker,)) for worker in taken]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(item.shard.index for item in taken[1] + taken[2]) == list(range(200))


def test_a_work_item_is_claimed_only_when_the_one_before_it_is_done(tmp_path: Path) -> None:
    lane = Lane(work_items(4), str(tmp_path))
    slow, quick = claim_work_items(lane), claim_work_items(lane)

    assert next(slow).shard.index == 0  # and it takes long, so that the other has all the rest
    assert [item.shard.index for item in quick] == [1, 2, 3]
    assert list(slow) == []


def test_costs_are_multiplied_and_nothing_else_changes() -> None:
    (item,) = scale_costs([WorkItem(Shard("web", 0, 1), (), 3.0)], 0.5)

    assert item == WorkItem(Shard("web", 0, 1), (), 1.5)
