"""Vega, the charting library of the report, as one script.

vl-convert bundles it from parts in some two seconds, always to the same bytes. The result is kept beside the compiled
code of this module, under a name with vl-convert's version, as Python keeps its bytecode; where that folder cannot be
written to, the script is bundled anew in every process.
"""

import contextlib
import functools
import hashlib
import re
import zlib
from importlib.metadata import version
from pathlib import Path

from massivetext.report.markup import Html
from massivetext.storage import files as fs

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_CACHE = Path(__file__).parent / "__pycache__"


@functools.cache
def library() -> Html:
    """Return Vega, Vega-Lite and Vega-Embed as one script that cannot close its own script element."""
    return Html(re.sub("<(?=/script|!--)", r"\\x3c", _bundle(_CACHE), flags=re.IGNORECASE))


def _bundle(cache: Path) -> str:
    """Return the bundle: the one in a folder if it is there and whole, otherwise a new one, which is kept there."""
    kept = cache / f"vega-{version('vl-convert-python')}.js.z"
    with contextlib.suppress(OSError, zlib.error, UnicodeDecodeError):
        digest, _, known = zlib.decompress(kept.read_bytes()).decode().partition("\n")
        if digest == _digest(known):
            return known
    import vl_convert  # loads a JavaScript engine

    bundle: str = vl_convert.javascript_bundle(_SNIPPET)
    with contextlib.suppress(OSError):
        fs.write_bytes(str(kept), zlib.compress(f"{_digest(bundle)}\n{bundle}".encode()))
    return bundle


def _digest(bundle: str) -> str:
    """Return what a kept bundle begins with: a hash of the rest and of what was asked for."""
    return hashlib.sha256((_SNIPPET + bundle).encode()).hexdigest()
