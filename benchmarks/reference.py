"""Write the figures that `massivetext plan` uses if the user names no finished run.

    massivetext run tests/real/shared_data.toml --output RUN --workers 1
    python benchmarks/reference.py RUN "our reference run of MONTH YEAR: ..."

No other work may run on the machine meanwhile: the CPU times of this run become those of every plan. For each step
this also prints the CPU time that ``massivetext/estimate/rates.py`` gives, so that you can compare both.
"""

import sys
from pathlib import Path

from massivetext.estimate.measured import measure_run
from massivetext.estimate.work import model_work
from massivetext.runs.store import Run, canonical_json

TARGET = Path(__file__).resolve().parents[1] / "massivetext/estimate/reference.json"


def main(folder: str, origin: str) -> None:
    """Measure a run, write ``reference.json``, and print the CPU seconds of each step as modelled and as measured."""
    measured = measure_run(Run(folder), origin)
    TARGET.write_bytes(canonical_json(measured))
    for names, todo in model_work(measured.corpus).items():
        seconds = sum(measured.stages[name].cpu_seconds or 0.0 for name in names)
        print(f"{', '.join(names):<24} {todo.cpu_seconds:8.1f} s modelled {seconds:8.1f} s measured")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
