"""Sources by hash: a verified cache, and clients for https, http, file, git and package registries.

The hash is the identity, URLs are hints tried in order.  The modules that need heavy imports are
loaded when a URL needs them.
"""

from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.fetch import fetch_all
from xpkg.repo.sources.progress import Event, Progress
from xpkg.repo.sources.settings import FetchSettings

__all__ = ["Event", "FetchSettings", "Fetched", "Progress", "Source", "SourceCache", "Wanted", "fetch_all"]
