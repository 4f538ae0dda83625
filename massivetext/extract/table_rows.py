"""The rows of the tables of a page with the cells that are empty, and those that larger cells cover."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from massivetext.extract.inline_text import EMPTY
from massivetext.extract.page_scan import SPAN
from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import tag_number

MAX_CELLS = 1_000  # of a row; empty cells of a longer row are left out
MAX_SPANNED = 20_000  # empty cells of a page that stand for the other rows and columns of larger cells
CELLS = frozenset({tag_number("td"), tag_number("th")})
_TH, _TR = tag_number("th"), tag_number("tr")


def fill_rows(scanned: ScannedPage, rows: dict[int, Element]) -> None:
    """Add the empty cells to the rows of the tables that have a row of several cells.

    Args:
        scanned: the page.
        rows: numbers of elements -> the rows that stand for them; their cells know which element they stand for.
    """
    tables = {row.get("table") for row in rows.values() if len(row) > 1}
    wanted = {number for number, row in rows.items() if row.get("table") in tables}
    if not wanted:
        return
    elements = scanned.elements
    cells = np.flatnonzero(np.isin(elements["tag"], list(CELLS)) & (elements["skipped"] == 0))
    rows_of = elements["parent"][cells]
    whole = {int(number) for number in tables if number}
    siblings: dict[int, list[int]] = {}
    in_tables = np.isin(elements["structure"][elements["parent"][rows_of]], list(whole)) & (
        elements["tag"][rows_of] == _TR
    )
    for cell, parent in zip(cells[in_tables].tolist(), rows_of[in_tables].tolist(), strict=True):
        siblings.setdefault(parent, []).append(cell)
    grid = _Grid(elements["ordinal"], elements["tag"])
    for number, all_cells in siblings.items():
        table = int(elements["structure"][elements["parent"][number]])
        places = grid.place(table, all_cells)
        row = rows.get(number)
        if row is None:
            continue
        filled = {cell.get("element"): cell for cell in row}
        if len(filled) < len(places) and len(all_cells) <= MAX_CELLS:
            row[:] = [filled.get(str(cell), _empty_cell()) for cell in places]


class _Grid:
    """Where the cells of tables are, among those that reach down from the rows above; rows come in order."""

    def __init__(self, ordinals: npt.NDArray[np.int32], tags: npt.NDArray[np.uint8]) -> None:
        self._ordinals, self._tags = ordinals, tags
        self._reaching: dict[int, dict[int, int]] = {}  # by table and column: the rows that are still covered
        self._added = 0

    def place(self, table: int, cells: Sequence[int]) -> list[int]:
        """Return the cells of the next row of a table; 0 for a place that a cell of a row above, or a heading, covers.

        Columns that a cell of data spans are not told apart: many tables span them for their looks.
        """
        above, below = self._reaching.get(table, {}), dict[int, int]()
        places: list[int] = []
        column = 0
        for cell in cells:
            column = self._pass(above, below, column, places)
            rows, columns = divmod(int(self._ordinals[cell]), SPAN)
            places.append(cell)
            if self._tags[cell] == _TH and len(cells) > 1:
                places += self._empty(columns - 1)
            if rows > 1 and self._added < MAX_SPANNED:
                self._added += columns
                below |= dict.fromkeys(range(column, column + columns), rows - 1)
            column += columns
        self._pass(above, below, column, places)
        self._reaching[table] = below
        return places

    def _pass(self, above: dict[int, int], below: dict[int, int], column: int, places: list[int]) -> int:
        """Pass the columns that are covered from above, and return the next free one."""
        while column in above:
            if above[column] > 1 and self._added < MAX_SPANNED:
                below[column] = above[column] - 1
            places += self._empty(1)
            column += 1
        return column

    def _empty(self, count: int) -> list[int]:
        count = max(0, min(count, MAX_SPANNED - self._added))
        self._added += count
        return [0] * count


def _empty_cell() -> Element:
    cell = Element("cell")
    cell.text = EMPTY
    return cell
