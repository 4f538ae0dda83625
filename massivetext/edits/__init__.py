"""Line edits: what drops lines of a text or cuts parts out of them, and what it took.

Texts are written once, so an edit happens as a document is ingested, and only in sources whose recipe names it. The
rules of an edit take each line in their order, without white space at its ends; blank lines are no rule's business.
What every rule took is counted, since the text itself is gone.
"""

from massivetext.edits.actions import Rule as Rule
from massivetext.edits.apply import Change as Change
from massivetext.edits.apply import changed_lines as changed_lines
from massivetext.edits.apply import edit as edit
from massivetext.edits.files import combine as combine
from massivetext.edits.files import load as load
