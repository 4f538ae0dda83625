"""A small corpus of our own making: five sources, an evaluation set, and a truth to hold a finished run to.

Every text is put together from word lists and sentence templates in ``data/``; nothing in it is taken from elsewhere
but the licences of the demo's source code. It is written in seconds, and meant to behave as real text does: pages have
furniture around them, some are spam, some are copies, some records are broken.
"""

from massivetext.demo.demo_corpus import write_demo
from massivetext.demo.truth import Case, PlantedLocation, Truth, load_truth

__all__ = ["Case", "PlantedLocation", "Truth", "load_truth", "write_demo"]
