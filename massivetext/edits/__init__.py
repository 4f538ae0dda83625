"""Line edits: rules that drop lines of a text or cut phrases out of them, and counts of what they took.

Texts are written once, so an edit is applied while a document is ingested, and only if the recipe names it for the
source. The rules of an edit are applied in their order to each line without white space at its ends; they never see
blank lines. What every rule took is counted, since the old text is not stored.
"""

from massivetext.edits.actions import EditRule as EditRule
from massivetext.edits.apply import Change as Change
from massivetext.edits.apply import changed_lines as changed_lines
from massivetext.edits.apply import edit as edit
from massivetext.edits.edit_files import combine_edits as combine_edits
from massivetext.edits.edit_files import load_edit as load_edit
