"""The registry of record formats: every format that runs can write and readers can read."""

from collections.abc import Iterable
from dataclasses import dataclass

from massivetext.records.array_record import ARRAY_RECORD
from massivetext.records.record_format import RecordFormat


@dataclass(frozen=True, slots=True)
class RecordFormats:
    """Record formats, found by name or by the suffix of a file.

    Attributes:
        formats: the formats; their names differ, and no suffix ends with another one.
    """

    formats: tuple[RecordFormat, ...]

    def __post_init__(self) -> None:
        for number, one in enumerate(self.formats):
            for other in self.formats[:number]:
                if one.name == other.name or one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix):
                    raise ValueError(
                        f"record formats: want different names and suffixes, got {other.name} (*{other.suffix}) and "
                        f"{one.name} (*{one.suffix})"
                    )

    def by_name(self, name: str) -> RecordFormat:
        """Return the format of this name. Raises ValueError, with the known names, if there is none."""
        for one in self.formats:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.formats)
        raise ValueError(f"record format: want one of {known}; got {name!r}")

    def of_file(self, path: str) -> RecordFormat:
        """Return the format of a record shard, by the suffix of its name. Raises ValueError for an unknown suffix."""
        for one in self.formats:
            if path.endswith(one.suffix):
                return one
        known = ", ".join(f"{one.name} (*{one.suffix})" for one in self.formats)
        raise ValueError(f"{path}: want a record shard in a known format, {known}; read it with a newer massivetext")

    def of_files(self, paths: Iterable[str]) -> RecordFormat:
        """Return the common format of record shards. Raises ValueError if there is none."""
        names = sorted({self.of_file(path).name for path in paths})
        if len(names) != 1:
            raise ValueError(f"record shards: want files of one format, got {' and '.join(names) or 'no file'}")
        return self.by_name(names[0])


FORMATS = RecordFormats((ARRAY_RECORD,))
# The format in which runs write their records.
RUN_FORMAT = FORMATS.by_name("array_record")
