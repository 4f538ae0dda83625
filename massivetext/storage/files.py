"""The file API: every path of a run or an input is a string, and modules reach files as ``fs.NAME`` through here.

Local paths are plain; ``gs://`` needs the extra ``gcp``, ``s3://`` the extra ``s3``. The functions are defined in

- :mod:`massivetext.storage.paths`: computing with paths,
- :mod:`massivetext.storage.file_reading`: reading and listing,
- :mod:`massivetext.storage.publishing`: writing and removing, whole or not at all,
- :mod:`massivetext.storage.fencing`: keeping late attempts from writing,
- :mod:`massivetext.storage.concurrency`: many requests at a time.

An error of an object store that remains after its retries is raised as a UserError if the user can correct it and as a
StageError otherwise; FileNotFoundError means the same for every path.
"""

from massivetext.storage.concurrency import AT_ONCE as AT_ONCE
from massivetext.storage.concurrency import concurrently as concurrently
from massivetext.storage.fencing import fenced as fenced
from massivetext.storage.fencing import is_marker_gone as is_marker_gone
from massivetext.storage.file_reading import FileInfo as FileInfo
from massivetext.storage.file_reading import circular_links as circular_links
from massivetext.storage.file_reading import dangling_target as dangling_target
from massivetext.storage.file_reading import digest as digest
from massivetext.storage.file_reading import download as download
from massivetext.storage.file_reading import exists as exists
from massivetext.storage.file_reading import find as find
from massivetext.storage.file_reading import glob as glob
from massivetext.storage.file_reading import has_file as has_file
from massivetext.storage.file_reading import has_size as has_size
from massivetext.storage.file_reading import info as info
from massivetext.storage.file_reading import local_copy as local_copy
from massivetext.storage.file_reading import names as names
from massivetext.storage.file_reading import open_read as open_read
from massivetext.storage.file_reading import read_bytes as read_bytes
from massivetext.storage.file_reading import size as size
from massivetext.storage.file_reading import unreadable_folders as unreadable_folders
from massivetext.storage.file_reading import why_unreadable as why_unreadable
from massivetext.storage.local_glob import has_wildcards as has_wildcards
from massivetext.storage.local_glob import unescape as unescape
from massivetext.storage.object_store import require_path as require_path
from massivetext.storage.paths import absolute as absolute
from massivetext.storage.paths import is_absolute as is_absolute
from massivetext.storage.paths import is_local as is_local
from massivetext.storage.paths import join as join
from massivetext.storage.paths import relative as relative
from massivetext.storage.paths import resolve as resolve
from massivetext.storage.publishing import TEMPORARY as TEMPORARY
from massivetext.storage.publishing import NewFile as NewFile
from massivetext.storage.publishing import create_exclusively as create_exclusively
from massivetext.storage.publishing import overwrite as overwrite
from massivetext.storage.publishing import publish as publish
from massivetext.storage.publishing import remove as remove
from massivetext.storage.publishing import remove_empty_folders as remove_empty_folders
from massivetext.storage.publishing import remove_file as remove_file
from massivetext.storage.publishing import remove_files as remove_files
from massivetext.storage.publishing import require_writable_folder as require_writable_folder
from massivetext.storage.publishing import write_bytes as write_bytes
