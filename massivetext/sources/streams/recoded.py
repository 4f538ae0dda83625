"""Read a byte stream in another encoding as UTF-8."""

import codecs
import io
from typing import TYPE_CHECKING

from massivetext.sources.streams.charset import detect
from massivetext.sources.streams.compressed import PlainStream, StreamDamage
from massivetext.sources.streams.east_asian import escaped_encoding
from massivetext.sources.streams.mixed_lines import (
    LineDecoder,
    is_damaged_utf8,
    join_surrogates,
    older_encoding,
    older_encoding_within,
)
from massivetext.sources.streams.wide_encodings import wide_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE_BYTES = 1 << 16
_MARKED_BYTES = 1 << 10  # in which UTF-16 shows


class RecodedStream(io.RawIOBase):
    """The text of a :class:`PlainStream` as UTF-8, read once from front to back; wrong bytes become U+FFFD.

    Attributes:
        encoding: name of the encoding of the stream; see :class:`massivetext.sources.streams.charset.DecodedText`.
    """

    def __init__(self, stream: PlainStream, encoding: str, lines: LineDecoder | None = None) -> None:
        super().__init__()
        self.encoding = encoding
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if lines is None else lines
        self._waiting = b""
        self._begun = self._ended = False

    @property
    def damage(self) -> StreamDamage | None:
        """The damage at which the stream stopped."""
        return self._stream.damage

    @property
    def compression(self) -> str | None:
        """Name of the compression, or None."""
        return self._stream.compression

    @property
    def size(self) -> int:
        """Bytes of the file as stored."""
        return self._stream.size

    def readable(self) -> bool:
        """Return True: the stream can be read."""
        return True

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` bytes without reading them; fewer at the end and before damage."""
        while len(self._waiting) < size and self._fill():
            pass
        return self._waiting[:size]

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` with the next bytes; return their number, 0 at the end and at damage."""
        while not self._waiting and self._fill():
            pass
        view = memoryview(buffer)
        taken = min(len(view), len(self._waiting))
        view[:taken] = self._waiting[:taken]
        self._waiting = self._waiting[taken:]
        return taken

    def _fill(self) -> bool:
        if self._ended:
            return False
        piece = self._stream.read(_PIECE_BYTES) or b""
        self._ended = not piece
        text = self._decoder.decode(piece, final=self._ended)
        if not self._begun and text:
            self._begun, text = True, text.removeprefix("\ufeff")
        self._waiting += text.encode("utf-8", "replace")
        return True


TextStream = PlainStream | RecodedStream


def as_utf8(stream: PlainStream, sample_bytes: int = 1 << 16) -> TextStream:
    """Return a stream of text that was just opened as UTF-8: itself, or recoded if its beginning is not UTF-8.

    Bytes that are not UTF-8 further on are for the reader of its lines to see to.
    """
    head = stream.peek(sample_bytes)
    if wide := wide_encoding(head):
        return stream if wide == "utf-8" else RecodedStream(stream, wide)
    if escaped := escaped_encoding(head):
        return RecodedStream(stream, escaped)
    if _is_utf8(head):
        return stream
    if older := older_encoding(head[: head.rfind(b"\n") + 1] or head):
        return RecodedStream(stream, f"utf-8+{older}", LineDecoder(older))
    joined = join_surrogates(head)
    if joined != head and (_is_utf8(joined) or is_damaged_utf8(joined)):
        return RecodedStream(stream, "cesu-8", LineDecoder("cp1252"))
    if is_damaged_utf8(head):
        return stream
    if older := older_encoding_within(head):
        return RecodedStream(stream, f"utf-8+{older}", LineDecoder(older))
    return RecodedStream(stream, detect(head))


def as_marked_utf8(stream: PlainStream) -> TextStream:
    """Return a stream that was just opened without its byte-order mark, UTF-16 and UTF-32 as UTF-8.

    Other bytes stay as they are, whatever their encoding.
    """
    wide = wide_encoding(stream.peek(_MARKED_BYTES))
    return RecodedStream(stream, wide) if wide else stream


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character that the sample cuts is no error
    except UnicodeDecodeError:
        return False
    return True
