"""Cells of tables that compare: what was and what is below it, so that a table fits a terminal of 80 columns."""


def before_after(before: str, after: str) -> str:
    """Return a cell of two lines, or of one where nothing differs."""
    return after if before == after else f"{before}\n→ {after}"


def plus_minus(plus: int, minus: int) -> str:
    """Return a cell with what has come and below it what has gone, or a zero where nothing has."""
    return f"+{plus:,}\n−{minus:,}" if plus or minus else "0"
