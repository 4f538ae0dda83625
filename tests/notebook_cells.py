"""Notebooks without a kernel: their code cells are executed in order in one namespace, as Jupyter would."""

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any


def execute(path: Path, namespace: dict[str, Any]) -> list[list[str]]:
    """Execute the code cells of a notebook, and return what each prints, with the value of a last expression."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [_run_cell("".join(cell["source"]), namespace) for cell in cells if cell["cell_type"] == "code"]


def _run_cell(source: str, namespace: dict[str, Any]) -> list[str]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), namespace)  # cells of our own notebooks
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
            if value is not None:
                print(repr(value))
    return printed.getvalue().splitlines()
