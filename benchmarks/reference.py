"""Writes the figures that `massivetext plan` rests on where the user has no run of their own.

    massivetext run tests/real/shared_data.toml --output RUN --workers 1
    python benchmarks/reference.py RUN "our reference run of MONTH YEAR: ..."

The run must not be disturbed: its CPU times become those of every plan. What its steps consist of is in
``massivetext/estimate/rates.py``; this prints both, so that one can see how far they are apart.
"""

import sys
from pathlib import Path

from massivetext.estimate.measured import measure
from massivetext.estimate.work import work
from massivetext.runs.store import Run, canonical_json

TARGET = Path(__file__).resolve().parents[1] / "massivetext/estimate/reference.json"


def main(folder: str, origin: str) -> None:
    """Measures a run, writes the file, and prints each step's CPU seconds as modelled and as measured."""
    measured = measure(Run(folder), origin)
    TARGET.write_bytes(canonical_json(measured))
    for names, todo in work(measured.corpus).items():
        seconds = sum(measured.stages[name].cpu_seconds or 0.0 for name in names)
        print(f"{', '.join(names):<24} {todo.cpu_seconds:8.1f} s modelled {seconds:8.1f} s measured")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
