"""Lines of ``massivetext check`` and ``init`` about the first records of a source."""

from collections.abc import Iterator

from massivetext.orchestration.preview import SourcePreview
from massivetext.report.unreadable import UnreadableInput

_PREVIEW_CHARACTERS = 90


def preview_lines(source: str, preview: SourcePreview) -> Iterator[str]:
    """Yield what a source's first records are taken for, and why others are refused."""
    for document, language in zip(preview.documents, preview.languages, strict=True):
        facts = [f"{len(document.text):,} characters", f"language {language}", document.url, document.title]
        if document.encoding not in (None, "utf-8"):
            facts.append(f"encoding {document.encoding}")
        if document.replaced:
            facts.append(f"{document.replaced:,} characters not decodable")
        yield f"{source}: {document.origin} {document.key}: {', '.join(fact for fact in facts if fact)}"
        text = " ".join(document.text[: 4 * _PREVIEW_CHARACTERS].split())[:_PREVIEW_CHARACTERS]
        yield f"    {text or '(no text)'}"
    for reason, count in sorted(preview.rejected.items()):
        yield f"{source}: {count:,} refused for {reason}"
    if preview.example is not None:
        yield f"    {preview.example.origin}: {preview.example.detail[:300]}"
    if not preview.documents:
        reason = preview.example.reason if preview.example else ""
        where = "in it" if preview.complete else "among its first records"
        yield f"{source}: no document {where}. To do: {UnreadableInput(0, reason=reason).first_step}."
