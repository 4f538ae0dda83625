"""Sources: input files of every format -> documents, and rejections for input that became no document.

``source_formats`` lists the formats, ``splits`` divides input files among shards, ``reading`` reads a split. A reader
never raises for the content of a file: each piece of input becomes a :class:`~massivetext.schema.Document`, or a
:class:`~massivetext.schema.Rejected` with its position and the reason. A missing file does raise.
"""

from massivetext.sources.source_formats import FORMATS as FORMATS
from massivetext.sources.source_formats import Format as Format
from massivetext.sources.source_formats import find_format as find_format
