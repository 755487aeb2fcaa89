"""Sources by hash: a verified cache, and clients for https, http, file, git and package registries.

The hash is the identity, URLs are hints tried in order.  `xpkg.repo.sources.fetch` has the entry,
`fetch_all`.  This package imports nothing itself, so that looking into the cache stays cheap; the
modules that need heavy imports are loaded when a URL needs them.
"""
