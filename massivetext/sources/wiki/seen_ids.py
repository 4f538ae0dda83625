"""The ids of the pages of a dump that were read, in little memory: the largest dumps have tens of millions of pages."""

_MOST_NUMBER = 2**28  # numbers below take a bit each: together at most 32 MB
_GROWTH = 2**16  # bytes


class SeenIds:
    """A set of ids. Pages are numbered from 1, so a bit for each number takes less than the ids themselves."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[str] = set()

    def add(self, page_id: str) -> bool:
        """Add an id; return True if it is new."""
        if not (page_id.isascii() and page_id.isdecimal() and len(page_id) < 10 and int(page_id) < _MOST_NUMBER):
            return self._add_other(page_id)
        number = int(page_id)
        if str(number) != page_id:  # leading zeros
            return self._add_other(page_id)
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + _GROWTH - len(self._bits)))
        is_new = not self._bits[place] & bit
        self._bits[place] |= bit
        return is_new

    def _add_other(self, page_id: str) -> bool:
        if page_id in self._others:
            return False
        self._others.add(page_id)
        return True
