"""A small generated corpus: five sources, a test set, and the expected outcome of every planted document.

Every text is generated from the word lists and sentence templates in ``data/``; only the licence texts of the demo's
source code are copied from elsewhere. Writing it takes seconds. The texts behave like real ones: web pages have menus
and advertisements, some documents are spam, some are copies, and some records are damaged.
"""

from massivetext.demo.demo_corpus import write_demo
from massivetext.demo.truth import Case, PlantedLocation, Truth, load_truth

__all__ = ["Case", "PlantedLocation", "Truth", "load_truth", "write_demo"]
