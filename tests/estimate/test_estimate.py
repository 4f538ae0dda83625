"""Time, memory and cost of a run: values computed by hand, and laws of every plan."""

from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.errors import UserError
from massivetext.estimate import estimator as module
from massivetext.estimate import rates
from massivetext.estimate.estimator import Estimate, Prices, estimate_run
from massivetext.estimate.measured import MeasuredRun, StageFigures
from massivetext.estimate.reference import reference
from massivetext.estimate.scaling import input_shares, scale_volumes
from massivetext.estimate.work import Phase, StepWork, model_work
from massivetext.recipe import load_recipe
from massivetext.stages import STAGES

REFERENCE = reference()
RECIPES = {name: load_recipe(name).recipe for name in ("massivetext", "quickstart", "wikipedia", "c4")}


def planned(size: float, workers: int, name: str = "massivetext") -> Estimate:
    recipe = RECIPES[name]
    return estimate_run(scale_volumes(recipe, input_shares(recipe), [REFERENCE.corpus], size), [REFERENCE], workers)


SIZES = st.floats(1e6, 1e15)
WORKERS = st.integers(1, 100_000)
NAMES = st.sampled_from(sorted(RECIPES))


# -- laws --------------------------------------------------------------------------------------------------------------


@given(SIZES, WORKERS, WORKERS, NAMES)
def test_more_workers_are_never_slower(size: float, few: int, many: int, name: str) -> None:
    few, many = sorted((few, many))

    assert planned(size, many, name).wall_seconds <= planned(size, few, name).wall_seconds * (1 + 1e-9)


@given(SIZES, st.floats(1, 1000), WORKERS, NAMES)
def test_more_input_is_never_cheaper_nor_faster(size: float, factor: float, workers: int, name: str) -> None:
    small, large = planned(size, workers, name), planned(size * factor, workers, name)
    room = 1 + 1e-9

    assert small.wall_seconds <= large.wall_seconds * room
    assert small.cost.compute <= large.cost.compute * room
    assert small.cost.storage <= large.cost.storage * room
    for before, after in zip(small.steps, large.steps, strict=True):
        assert before.shuffle_bytes <= after.shuffle_bytes * room
        assert before.worker_bytes <= after.worker_bytes * room


@given(SIZES, WORKERS, NAMES)
def test_times_of_activities_add_up_to_the_step_and_of_steps_to_the_run(size: float, workers: int, name: str) -> None:
    plan = planned(size, workers, name)

    assert plan.wall_seconds == pytest.approx(sum(step.wall_seconds for step in plan.steps))
    assert plan.cost.shuffle_gb == pytest.approx(sum(step.shuffle_bytes for step in plan.steps) / 1e9)
    assert plan.cost.storage_gb == pytest.approx(sum(step.stored_bytes for step in plan.steps) / 1e9)
    for step in plan.steps:
        assert step.wall_seconds == pytest.approx(sum(step.parts.values()))
        assert step.longest_seconds <= step.cpu_hours * 3600 * (1 + 1e-9)
        assert min(step.parts.values()) >= 0


@given(SIZES, WORKERS)
def test_a_plan_says_what_comes_first(size: float, workers: int) -> None:
    plan = planned(size, workers)

    assert plan.bottleneck == (plan.limits[0] if plan.limits else plan.bottleneck)
    assert plan.bottleneck


# -- by hand -----------------------------------------------------------------------------------------------------------

NOTHING = StageFigures(None, 200, 0, 0)
NO_FIGURES = {stage.name: NOTHING for stage in STAGES}
TODO = StepWork(
    phases=(Phase("a", 10, 1000.0, 150.0, 5e9, 1e9), Phase("b", 4, 200.0, 50.0, 1e9, 0.0, waiting_seconds=40.0)),
    jobs=2,
    requests=100.0,
    driver_seconds=30.0,
    driver_bytes=7.0,
    graph_bytes=0.0,
    stored_with=50.0,
)


def plan_of(todo: StepWork, workers: int, *figures: StageFigures, prices: Prices | None = None) -> Estimate:
    """The plan of a run of one step, at the scale of the measured run."""
    runs = [
        MeasuredRun(f"run {number}", REFERENCE.corpus, NO_FIGURES | {"records": each})
        for number, each in enumerate(figures)
    ]
    with mock.patch.object(module, "model_work", return_value={("records",): todo}):
        return estimate_run(REFERENCE.corpus, runs, workers, prices)


def test_the_time_of_a_step_by_hand() -> None:
    # At the speed of rates.py: (1000 + 200) / 4; 40 / 4; (150 + 50) * 3/4; two jobs start; 100 requests of
    # which 16 are made at a time; 30 s alone.
    (step,) = plan_of(TODO, 4, NOTHING).steps

    assert list(step.parts.values()) == pytest.approx(
        [300.0, 10.0, 150.0, 2 * rates.JOB_START, 100 / 16 * rates.REQUEST, 30.0]
    )
    assert step.cpu_hours == pytest.approx(1230 / 3600)
    assert (step.tasks, step.waves) == (10, 3)
    assert step.worker_bytes == 1e9 + 200
    assert step.driver_bytes == 207
    assert step.shuffle_bytes == 6e9
    assert not step.measured


def test_speeds_are_the_samples_where_it_took_long_enough() -> None:
    # The model has 1,230 s of CPU; the sample took twice that, so everything that is CPU takes twice as long.
    (slow,) = plan_of(TODO, 1, StageFigures(2460.0, 200, 0, 0), NOTHING).steps
    (short,) = plan_of(TODO, 1, StageFigures(9.9, 200, 0, 0), StageFigures(12.3, 200, 0, 0)).steps

    assert slow.measured
    assert slow.parts["CPU"] == pytest.approx(2400)
    assert slow.parts["driver's own work"] == pytest.approx(60)
    assert slow.parts["driver's requests"] == pytest.approx(100 / 16 * rates.REQUEST)
    assert not short.measured  # from the reference, which took a hundredth of what the model has
    assert short.parts["CPU"] == pytest.approx(12)


def test_what_is_stored_follows_the_work_but_for_what_is_written_once() -> None:
    # 600 bytes for 50 of what they follow, and 9 once. Twice the work: 1,200 and 9.
    run = MeasuredRun("run", REFERENCE.corpus, NO_FIGURES | {"records": StageFigures(None, 200, 600, 9)})
    twice = TODO._replace(stored_with=100.0)
    with mock.patch.object(module, "model_work", side_effect=[{("records",): twice}, {("records",): TODO}]):
        (step,) = estimate_run(REFERENCE.corpus, [run], 1).steps

    assert step.stored_bytes == 1209


def test_cost_by_hand() -> None:
    # Four machines of a core work 300 + 10 + 150 + 480 s; 4 GiB each are enough.
    prices = Prices(vcpu_hour=1.0, ram_gb_hour=0.1, shuffle_gb=0.5, storage_gb_month=0.0)
    cost = plan_of(TODO, 4, NOTHING, prices=prices).cost
    hours = 4 * 940 / 3600

    assert cost.vcpu_hours == pytest.approx(hours)
    assert cost.ram_gb_hours == pytest.approx(hours * 4 * 2**30 / 1e9)
    assert cost.compute == pytest.approx(hours + 0.1 * hours * 4 * 2**30 / 1e9 + 0.5 * 6)


@pytest.mark.parametrize(("held", "ram"), [(3e9, 4 * 2**30), (4e9, 8 * 2**30), (6.8e9, 8 * 2**30), (8e9, 1e10)])
def test_a_machine_has_a_quarter_more_than_its_workers_hold(held: float, ram: float) -> None:
    (step,) = plan_of(TODO._replace(phases=(Phase("a", 1, 1.0, 1.0, 0.0, held),)), 1, NOTHING).steps

    assert step.ram_per_vcpu == pytest.approx(ram, rel=1e-6)


@pytest.mark.parametrize(
    ("todo", "expected"),
    [
        (
            TODO._replace(phases=(Phase("cut", 1, 1.0, 1.0, 0.0, 20e9),)),
            "records: 'cut' holds 20.0 GB in each worker, and a machine has 8 GiB per virtual CPU: start fewer workers",
        ),
        (
            TODO._replace(graph_bytes=2e9),
            "records: the graph of the job has 2.0 GB because it names every shard: raise shard_bytes",
        ),
        (TODO._replace(requests=16e6), "records: driver's requests, 8 h 20 min of 8 h 49 min; larger shards"),
        (TODO._replace(requests=0.0), "records: starting jobs, 8 min 00 s of"),
    ],
)
def test_the_first_bottleneck(todo: StepWork, expected: str) -> None:
    assert plan_of(todo, 1, NOTHING).bottleneck.startswith(expected)


def test_a_source_of_too_many_shards_comes_first() -> None:
    volume = REFERENCE.corpus.sources["web"]
    many = msgspec.structs.replace(REFERENCE.corpus, sources={"web": msgspec.structs.replace(volume, shard_bytes=1)})
    plan = estimate_run(many, [REFERENCE], 10)

    assert (
        plan.bottleneck
        == "source 'web' has 50,616,361 shards, and document references allow 16,777,216: raise shard_bytes"
    )


def test_a_run_needs_a_worker() -> None:
    with pytest.raises(UserError, match="--workers: want at least 1, got 0"):
        planned(1e9, 0)


def test_the_reference_has_every_kind_and_step() -> None:
    assert {volume.kind for volume in REFERENCE.corpus.sources.values()} == {
        "web",
        "books",
        "news",
        "code",
        "wikipedia",
    }
    assert set(REFERENCE.stages) == {stage.name for stage in STAGES if not stage.is_optional}
    assert all(
        sum(REFERENCE.stages[name].cpu_seconds or 0.0 for name in names) for names in model_work(REFERENCE.corpus)
    )


def test_the_model_is_within_a_factor_of_the_reference() -> None:
    # Rates are from the same machine, measured apart: a step that is far off is modelled wrongly.
    for names, todo in model_work(REFERENCE.corpus).items():
        measured = sum(REFERENCE.stages[name].cpu_seconds or 0.0 for name in names)
        assert 1 / 3 < todo.cpu_seconds / measured < 3, names
