"""The character set that an HTML page declares in its own first bytes (HTML Standard, 13.2.3.2)."""

import re

PRESCAN_BYTES = 4096  # browsers look at 1,024; pages with long scripts before their declaration are common
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,256}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]+)", re.IGNORECASE)
_NEXT_TAG = re.compile(rb"<(?:!--|[!/?]|[A-Za-z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    rb"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"?|'([^']*)'?|([^\s>\"'][^\s>]*)))?",
)
_IN_CONTENT = re.compile(rb"charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;\"']+))", re.IGNORECASE)


def declared_in_html(data: bytes) -> str | None:
    """Return the label that a page declares in a ``meta`` element or an XML declaration; None if it does not.

    Text that looks like a declaration within comments, other attributes or other elements does not count.
    """
    head = data[:PRESCAN_BYTES]
    if found := _XML.match(head):
        return _readable_as_bytes(found[1])
    at = 0
    while tag := _NEXT_TAG.search(head, at):
        if tag[0] == b"<!--":
            end = head.find(b"-->", tag.start() + 2)
            at = end + 3 if end >= 0 else len(head)
        elif tag[0] in (b"<!", b"<?") or (tag[0] == b"</" and not head[tag.end() : tag.end() + 1].isalpha()):
            at = _after(head, b">", tag.end())
        else:
            attributes, at = _read_attributes(head, tag.end())
            if tag[0].lower() == b"<meta" and (label := _of_meta(attributes)) is not None:
                return _readable_as_bytes(label)
    return None


def _after(head: bytes, mark: bytes, start: int) -> int:
    end = head.find(mark, start)
    return end + 1 if end >= 0 else len(head)


def _read_attributes(head: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """Return the attributes of a tag, the first of equal names, and where the tag ends."""
    attributes: dict[bytes, bytes] = {}
    while found := _ATTRIBUTE.match(head, at):
        name, *values = found.groups()
        attributes.setdefault(name.lower(), next((value for value in values if value is not None), b""))
        at = found.end()
    return attributes, _after(head, b">", at)


def _of_meta(attributes: dict[bytes, bytes]) -> bytes | None:
    if charset := attributes.get(b"charset", b"").strip():
        return charset
    if attributes.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return None
    found = _IN_CONTENT.search(attributes.get(b"content", b""))
    return found[1] or found[2] or found[3] if found else None


def _readable_as_bytes(label: bytes) -> str:
    name = label.decode("ascii", "replace").rstrip("/")  # of an element that closes itself without a blank
    # A page whose declaration could be read byte by byte is not UTF-16 (HTML Standard, 13.2.3.2).
    return "utf-8" if name.lower().startswith(("utf-16", "utf-32")) else name
