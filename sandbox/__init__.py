"""From an instance to files: build steps, build keys, isolation, store, prefixes, relocation.

May import from ``repo`` (values) and ``core``.
"""
