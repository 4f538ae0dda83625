"""How far a stage has come, as one line: the same for `massivetext run` and `massivetext watch`."""

from massivetext.formatting import format_duration
from massivetext.runs.log_reading import StageProgress


def stage_line(stage: StageProgress, *, broken: bool = False) -> str:
    """Return a line that begins with a mark: ✓ done, … running, = done before, ✗ broken off.

    Args:
        stage: what the log says of the stage.
        broken: whether the run has ended before its end, so that a running stage has been broken off.
    """
    marks = {"skipped": "=", "running": "✗" if broken else "…", "done": "✓"}
    parts = [f"{marks[stage.state]} {stage.stage:<14}"]
    if stage.state == "skipped":
        return f"{parts[0]}  done before"
    if stage.documents:
        parts.append(f"{stage.documents:>9,} documents")
    if stage.bytes and stage.seconds:
        parts.append(f"{stage.bytes / 1e6 / stage.seconds:6.1f} MB/s")
    if stage.items:
        parts.append(f"{stage.items_done:,}/{stage.items:,} work items")
    elif stage.items_done:
        parts.append(f"{stage.items_done:,} work items")
    parts.append(format_duration(max(0.0, stage.seconds)))
    if stage.seconds_left is not None and stage.seconds_left >= 1 and not broken:
        parts.append(f"about {format_duration(stage.seconds_left)} left")
    return "  ".join(parts)
