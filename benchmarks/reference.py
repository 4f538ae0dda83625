"""Writes the measurements that `massivetext plan` uses if the user has no run to measure.

    massivetext run tests/real/shared_data.toml --output RUN --workers 1
    python benchmarks/reference.py RUN "our reference run of MONTH YEAR: ..."

Nothing else should run on the machine meanwhile: every plan is computed from the CPU times of this run. The script also
prints the CPU time of each step according to the cost model in ``massivetext/estimate/rates.py``, for comparison.
"""

import sys
from pathlib import Path

from massivetext.estimate.measured import measure
from massivetext.estimate.work import work
from massivetext.runs.store import Run, canonical

TARGET = Path(__file__).resolve().parents[1] / "massivetext/estimate/reference.json"


def main(folder: str, origin: str) -> None:
    """Measure a run, write the file, and print the modelled and the measured CPU seconds of each step."""
    measured = measure(Run(folder), origin)
    TARGET.write_bytes(canonical(measured))
    for names, todo in work(measured.corpus).items():
        seconds = sum(measured.stages[name].cpu_seconds or 0.0 for name in names)
        print(f"{', '.join(names):<24} {todo.cpu_seconds:8.1f} s modelled {seconds:8.1f} s measured")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
