"""Read one split with the reader of its format."""

from collections.abc import Iterator, Sequence

from massivetext.schema import Document, Rejected
from massivetext.sources.page_screens import PAGE_SCREEN, PageScreen
from massivetext.sources.source_formats import FORMATS, Format, ReadLimits, ReadOptions, find_format
from massivetext.sources.splits import Split
from massivetext.sources.streams.compressed import open_stream
from massivetext.sources.streams.compressions import MOST_ZSTD_WINDOW

# A larger file holds something, whatever its compression.
_EMPTY_BYTES = 1024


def read_split(
    split: Split,
    options: ReadOptions,
    limits: ReadLimits,
    formats: Sequence[Format] = FORMATS,
    screen: PageScreen | None = None,
) -> Iterator[Document | Rejected]:
    """Yield the documents of one split in the order of the file, and a rejection for every other piece of it.

    Equal splits give equal results; the slices of a file together give what the whole file gives.

    Args:
        split: the split.
        options: options of its source.
        limits: limits on one record.
        formats: the known formats.
        screen: what judges web pages before they are extracted; None: nothing.

    Raises:
        FileNotFoundError: the file was deleted after it was listed.
        UserError: the format of ``options`` is not in ``formats``.
    """
    MOST_ZSTD_WINDOW.set(limits.zstd_window_bytes)
    PAGE_SCREEN.set(screen)
    read = find_format(options.format_name, formats).load_reader()
    if split.size < _EMPTY_BYTES and _is_empty(split):
        if split.slice_index == 0:
            yield Rejected(split.name, "0", split.size, "empty_file", f"{split.name}: there is nothing in it")
        return
    yield from read(split, options, limits)


def _is_empty(split: Split) -> bool:
    with open_stream(split.path) as stream:
        return not stream.peek(1) and stream.damage is None
