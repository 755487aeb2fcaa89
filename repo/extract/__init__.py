"""Unpacking archives that nobody vouches for: an archive is scanned whole, then written, or refused whole.

Our own extractor, because `tarfile.extractall(filter="data")` of Python 3.11.7 let an archive
write outside its destination (cpython#135034).  `tarfile` and `zipfile` only parse headers here.
"""

from xpkg.repo.extract.archive import extract
from xpkg.repo.extract.members import EXTRACTED_MTIME, ArchiveError
from xpkg.repo.extract.plan import Limits

__all__ = ["EXTRACTED_MTIME", "ArchiveError", "Limits", "extract"]
