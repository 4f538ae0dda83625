"""Lines that describe a tokenizer: its ids, and what it loses."""

from collections.abc import Iterator

from massivetext.tokenizer.losses import find_losses
from massivetext.tokenizer.text_encoder import TextEncoder


def tokenizer_lines(path: str, encoder: TextEncoder) -> Iterator[str]:
    """Yield the vocabulary and special ids of a tokenizer, how it is run, and what it does not give back."""
    info = encoder.info
    yield (
        f"{path}: {info.vocabulary_size:,} ids, normalization {info.normalization or 'unknown'}, byte fallback "
        f"{'yes' if info.byte_fallback else 'no'}, longest piece {info.max_piece_bytes} bytes"
    )
    ids = {"unknown": info.unk_id, "BOS": info.bos_id, "EOS": info.eos_id}
    named = ", ".join(f"{name} {number if number >= 0 else 'none'}" for name, number in ids.items())
    yield f"padding {info.pad_id} (from {info.pad_origin}), {named}"
    yield f"not encoded by compiled code: {encoder.plain_path}" if encoder.plain_path else "encoded by compiled code"
    losses = find_losses(encoder)
    yield "gives every trial text back" if not losses else "does not give back:"
    yield from (f"  {loss}" for loss in losses)
