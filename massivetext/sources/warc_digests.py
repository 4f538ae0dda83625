"""Check the digests that the records of a WARC file carry."""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping

from massivetext.sources.http import Response
from massivetext.sources.warc import WarcRecord

WRONG_DIGEST = "wrong_digest"  # in the metadata of a page: the name of the digest that is wrong
_SIZES: Mapping[str, int] = {"sha1": 20, "sha256": 32, "sha512": 64, "md5": 16}  # bytes


def wrong_digest(record: WarcRecord, response: Response) -> str:
    """Return the name of the first digest of a record that is not that of its bytes; "" if there is none.

    The block is checked, and the payload: the body of an HTTP response as it was transferred (WARC 1.1, sections 5.8
    and 5.9). Crawlers that undo its transfer encoding before they store it count the digest before or after that, so
    a payload without one is checked only. Digests of algorithms that are not known, or that cannot be read, are passed
    over.

    Args:
        record: the record, whole.
        response: the response in it.
    """
    for name, data in _digested(record, response):
        algorithm, _, stated = record.headers.get(name, "").partition(":")
        wanted = _decoded(algorithm.lower().replace("-", ""), stated.strip())
        if wanted is not None and wanted[1] != hashlib.new(wanted[0], data, usedforsecurity=False).digest():
            return name
    return ""


def _digested(record: WarcRecord, response: Response) -> Iterator[tuple[str, bytes]]:
    yield "warc-block-digest", record.block
    if "transfer-encoding" not in response.headers and "warc-segment-number" not in record.headers:
        yield "warc-payload-digest", response.body


def _decoded(algorithm: str, stated: str) -> tuple[str, bytes] | None:
    """Return the algorithm and the digest, which is in base 32 or 16; None if it cannot be read."""
    size = _SIZES.get(algorithm)
    try:
        if size is not None and len(stated) == 2 * size:
            return algorithm, binascii.unhexlify(stated)
        found = base64.b32decode(stated + "=" * (-len(stated) % 8), casefold=True)
    except (binascii.Error, ValueError):
        return None
    return (algorithm, found) if len(found) == size else None
