"""Train a small language model on the records of a run, on any number of devices and processes.

    python examples/train_tiny.py runs/quickstart/records --output runs/tiny

needs the extra ``train`` (``pip install -c constraints.txt -e ".[train]"``) and takes about two minutes on two cores.
The same command continues a run that was stopped, bit by bit. It writes ``losses.jsonl`` (one line per step),
``checkpoint.npz`` and ``loss.svg``, the loss of each source. Documents in one row do not see each other.

The losses are the same to the last bit for any number of processes and of devices from two on: a batch is cut into
``--shares`` shares, every device computes the gradients of its shares one by one, and the gradients of all shares are
added in one order. On one device XLA compiles otherwise, and losses differ by rounding. On eight devices of one CPU:

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python examples/train_tiny.py ...

In two processes (start both; on several machines, the folders must be shared):

    python examples/train_tiny.py ... --coordinator 127.0.0.1:7070 --processes 2 --process 0
    python examples/train_tiny.py ... --coordinator 127.0.0.1:7070 --processes 2 --process 1
"""  # noqa: INP001

import argparse
import functools
import json
import math
import operator
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import vl_convert
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import massivetext

Params = dict[str, Any]
Batch = dict[str, jax.Array]
HEAD_WIDTH = 48
POINTS = 12  # per curve in the picture: sources of a few rows need many steps for one


# The model: a transformer as small as it can be written, with rotary positions that begin anew in every document.


def init_params(key: jax.Array, vocabulary: int, width: int, layers: int) -> Params:
    """Return random parameters."""

    def matrix(key: jax.Array, rows: int, columns: int) -> jax.Array:
        return jax.random.normal(key, (rows, columns)) / math.sqrt(rows)

    embed, *keys = jax.random.split(key, 1 + 4 * layers)
    return {
        "embed": 0.02 * jax.random.normal(embed, (vocabulary, width)),
        "layers": [
            {
                "qkv": matrix(keys[4 * layer], width, 3 * width),
                "out": matrix(keys[4 * layer + 1], width, width) / math.sqrt(2 * layers),
                "up": matrix(keys[4 * layer + 2], width, 4 * width),
                "down": matrix(keys[4 * layer + 3], 4 * width, width) / math.sqrt(2 * layers),
                "norms": jnp.ones((2, width)),
            }
            for layer in range(layers)
        ],
        "norm": jnp.ones(width),
    }


def normalize(x: jax.Array, scale: jax.Array) -> jax.Array:
    """Return vectors scaled to a root mean square of 1, times a learned scale."""
    return scale * x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6)


def rotate(x: jax.Array, position: jax.Array) -> jax.Array:
    """Return heads [rows, length, heads, head width] turned by their positions [rows, length]."""
    half = x.shape[-1] // 2
    angles = position[:, :, None, None] * (10_000.0 ** (-jnp.arange(half) / half))
    one, other = x[..., :half], x[..., half:]
    return jnp.concatenate(
        [one * jnp.cos(angles) - other * jnp.sin(angles), other * jnp.cos(angles) + one * jnp.sin(angles)], axis=-1
    )


def attend(x: jax.Array, layer: Params, position: jax.Array, visible: jax.Array) -> jax.Array:
    """Return what attention adds to vectors [rows, length, width]."""
    rows, length, width = x.shape
    heads = max(1, width // HEAD_WIDTH)
    query, key, value = jnp.split((x @ layer["qkv"]).reshape(rows, length, 3 * heads, -1), 3, axis=2)
    scores = jnp.einsum("rqhw,rkhw->rhqk", rotate(query, position), rotate(key, position))
    scores = jnp.where(visible[:, None], scores / math.sqrt(width // heads), -1e9)
    mixed = jnp.einsum("rhqk,rkhw->rqhw", jax.nn.softmax(scores), value)
    return mixed.reshape(rows, length, width) @ layer["out"]


def token_losses(params: Params, batch: Batch) -> jax.Array:
    """Return the loss of every target [rows, length] in nats; 0 where the next token is of another document."""
    segment, position = batch["inputs_segmentation"], batch["inputs_position"]
    length = segment.shape[1]
    same_document = segment[:, :, None] == segment[:, None, :]
    visible = same_document & jnp.tril(jnp.ones((length, length), bool))
    x = params["embed"][batch["inputs"]]
    for layer in params["layers"]:
        x += attend(normalize(x, layer["norms"][0]), layer, position, visible)
        x += jax.nn.gelu(normalize(x, layer["norms"][1]) @ layer["up"]) @ layer["down"]
    logits = normalize(x, params["norm"]) @ params["embed"].T
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, batch["targets"])
    return losses * batch["loss_mask"]


# The step: data parallel, and the same to the last bit for any number of devices.


def share_gradients(params: Params, batch: Batch, source_count: int) -> tuple[Params, jax.Array]:
    """Return the gradients of the sum of the losses of some rows, and [2, sources]: sums of losses, and targets."""

    def total_loss(params: Params) -> tuple[jax.Array, jax.Array]:
        losses = token_losses(params, batch).sum(axis=1)
        targets = batch["loss_mask"].sum(axis=1)
        of_source = jax.nn.one_hot(batch["source"], source_count, axis=0)
        return losses.sum(), jnp.stack([(of_source * losses).sum(axis=1), (of_source * targets).sum(axis=1)])

    return jax.grad(total_loss, has_aux=True)(params)


def make_step(
    mesh: Mesh, optimizer: optax.GradientTransformation, source_count: int, shares: int
) -> Callable[..., Any]:
    """Return the function (parameters, optimizer state, batch) -> the next of both, and sums [2, sources].

    It consists of several programs, because compilers fuse what they see together, and fused code rounds otherwise: so
    the program for one share is the same for two and for eight devices, and so is that of the optimizer.
    """
    rounds = shares // mesh.size  # in each, every device computes one share
    everyone, rows = PartitionSpec(), PartitionSpec("data")

    def take_share(batch: Batch, number: int) -> Batch:
        return jax.tree.map(lambda x: x.reshape(rounds, -1, *x.shape[1:])[number], batch)

    def gradients(params: Params, share: Batch) -> tuple[Params, jax.Array]:
        return jax.tree.map(lambda x: x[None], share_gradients(params, share, source_count))

    def add_in_order(found: Sequence[tuple[Params, jax.Array]]) -> tuple[Params, jax.Array]:
        gathered = jax.tree.map(lambda x: jax.lax.all_gather(x, "data", tiled=True), found)  # [devices, ...] per round
        return jax.tree.map(
            lambda *parts: functools.reduce(
                operator.add, [part[device] for device in range(mesh.size) for part in parts]
            ),
            *gathered,
        )

    def program(function: Callable[..., Any], inputs: Any, outputs: PartitionSpec) -> Callable[..., Any]:
        return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=inputs, out_specs=outputs, check_vma=False))

    take = program(take_share, (rows, everyone), rows)
    compute = program(gradients, (everyone, rows), rows)
    add = program(add_in_order, rows, everyone)

    @jax.jit
    def update(params: Params, optimizer_state: Any, summed: Params, sums: jax.Array) -> tuple[Params, Any]:
        mean = jax.tree.map(lambda gradient: gradient / sums[1].sum(), summed)
        updates, optimizer_state = optimizer.update(mean, optimizer_state, params)
        return optax.apply_updates(params, updates), optimizer_state

    def step(params: Params, optimizer_state: Any, batch: Batch) -> tuple[Params, Any, jax.Array]:
        summed, sums = add([compute(params, take(batch, number)) for number in range(rounds)])
        return *update(params, optimizer_state, summed, sums), sums

    return step


def cut(batch: Batch, step: int, steps_per_epoch: int, context: int) -> Batch:
    """Return ``context`` tokens of each row, in every epoch the next ones: short contexts are quick on a CPU."""
    parts = max(1, batch["inputs"].shape[1] // context)
    begin = step // steps_per_epoch % parts * context
    return {name: x[:, begin : begin + context] if x.ndim > 1 else x for name, x in batch.items()}


# The files of a training run. Only process 0 writes.


def save(path: Path, trained: Any, state: dict[str, Any]) -> None:
    """Write a checkpoint: arrays that every device has, and the state of the loader. It appears as a whole."""
    arrays = {str(number): np.asarray(leaf.addressable_data(0)) for number, leaf in enumerate(jax.tree.leaves(trained))}
    new = path.with_suffix(".new.npz")
    np.savez(new, state=json.dumps(state), **arrays)
    new.replace(path)


def restore(path: Path, trained: Any) -> tuple[Any, dict[str, Any]]:
    """Return the arrays of a checkpoint, placed like those of ``trained``, and the state of the loader."""
    with np.load(path) as stored:
        leaves, structure = jax.tree.flatten(trained)
        values = [stored[str(number)] for number in range(len(leaves))]
        state = json.loads(str(stored["state"]))
    placed = [
        jax.make_array_from_callback(value.shape, leaf.sharding, functools.partial(operator.getitem, value))
        for leaf, value in zip(leaves, values, strict=True)
    ]
    return jax.tree.unflatten(structure, placed), state


def draw(losses: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw the loss of each source and of all, as means over several steps, into an SVG file."""
    width = max(1, len(losses) // POINTS)
    points = []
    for first in range(0, len(losses), width):
        window = losses[first : first + width]
        for source in ["all", *window[0]["sources"]]:
            pairs = [each["sources"][source] if source != "all" else each["all"] for each in window]
            if targets := sum(pair[1] for pair in pairs):
                loss = sum(pair[0] for pair in pairs) / targets
                points.append({"step": window[-1]["step"], "loss": round(loss, 3), "source": source})
    chart = {
        "width": 520,
        "height": 300,
        "data": {"values": points},
        "mark": {"type": "line", "point": {"size": 16}},
        "encoding": {
            "x": {"field": "step", "type": "quantitative"},
            "y": {"field": "loss", "type": "quantitative", "title": "nats per token", "scale": {"zero": False}},
            "color": {"field": "source", "type": "nominal"},
            "strokeWidth": {"condition": {"test": "datum.source == 'all'", "value": 3}, "value": 1.5},
        },
    }
    path.write_text(vl_convert.vegalite_to_svg(chart))


def train(options: argparse.Namespace) -> None:
    """Train, from the beginning or from the checkpoint in the output folder."""
    mesh = jax.make_mesh((jax.device_count(),), ("data",), (jax.sharding.AxisType.Auto,))
    loader = massivetext.load(str(options.records), options.batch_size, options.seed, include=["loss_mask", "source"])
    batches = loader.on(mesh)
    dataset = loader.dataset
    names = [source.name for source in dataset.sources]
    steps_per_epoch = max(1, dataset.splits["train"].sequences // options.batch_size)

    peak, warm_up = options.learning_rate, options.steps // 10
    schedule = optax.warmup_cosine_decay_schedule(0.0, peak, warm_up, options.steps, peak / 10)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.95, weight_decay=0.1))

    def begin() -> tuple[Params, Any]:
        params = init_params(jax.random.key(options.seed), dataset.vocab_size, options.width, options.layers)
        return params, optimizer.init(params)

    trained = jax.jit(begin, out_shardings=NamedSharding(mesh, PartitionSpec()))()
    step_function = make_step(mesh, optimizer, len(names), options.shares)

    checkpoint, losses = options.output / "checkpoint.npz", []
    if checkpoint.exists():
        trained, state = restore(checkpoint, trained)
        batches.set_state(state)  # refuses other records, another seed and another batch size
        lines = (options.output / "losses.jsonl").read_text().splitlines()
        losses = [json.loads(line) for line in lines[: state["next_batch"]]]  # later ones are computed again
    first = jax.process_index() == 0
    if first:
        size = sum(leaf.size for leaf in jax.tree.leaves(trained[0]))
        print(f"{size:,} parameters, {jax.device_count()} devices, {jax.process_count()} processes")
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "losses.jsonl").write_text("".join(json.dumps(each) + "\n" for each in losses))

    started = time.perf_counter()
    for step in range(len(losses), options.steps):
        batch = cut(next(batches), step, steps_per_epoch, options.context)
        *trained, sums = step_function(*trained, batch)
        loss, targets = np.asarray(sums.addressable_data(0)).astype(float)
        of_sources = {name: [loss[number], targets[number]] for number, name in enumerate(names)}
        losses.append({"step": step + 1, "all": [loss.sum(), targets.sum()], "sources": of_sources})
        if not first:
            continue
        with (options.output / "losses.jsonl").open("a") as file:
            file.write(json.dumps(losses[-1]) + "\n")
        if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
            save(checkpoint, trained, batches.get_state())
        print(
            f"step {step + 1:4}  loss {loss.sum() / targets.sum():.4f}  {time.perf_counter() - started:6.1f} s",
            flush=True,
        )
    if first:
        draw(losses, options.output / "loss.svg")


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description="Trains a small language model on the records of a run.")
    parser.add_argument("records", type=Path, help="folder of records, such as runs/quickstart/records")
    parser.add_argument("--output", type=Path, required=True, help="folder for losses, checkpoint and picture")
    parser.add_argument("--steps", type=int, default=120, help="steps in all, those before a restart included")
    parser.add_argument("--batch-size", type=int, default=8, help="rows per step, over all devices")
    parser.add_argument("--shares", type=int, default=8, help="parts of a batch; a multiple of the number of devices")
    parser.add_argument("--context", type=int, default=256, help="tokens of each row that one step reads")
    parser.add_argument("--width", type=int, default=192, help="width of the model")
    parser.add_argument("--layers", type=int, default=4, help="layers of the model")
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=0, help="of the first parameters and of the order of rows")
    parser.add_argument("--save-every", type=int, default=20, help="steps between checkpoints")
    parser.add_argument("--coordinator", help="HOST:PORT of process 0, for several processes")
    parser.add_argument("--processes", type=int, default=1, help="number of processes")
    parser.add_argument("--process", type=int, default=0, help="number of this process, from 0")
    options = parser.parse_args(argv)
    if options.processes > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(options.coordinator, options.processes, options.process)
    if options.shares % jax.device_count() or options.batch_size % options.shares:
        parser.error(
            f"want {jax.device_count()} devices to divide --shares evenly, and --shares to divide --batch-size; "
            f"got {options.shares} and {options.batch_size}"
        )
    train(options)


if __name__ == "__main__":
    main()
