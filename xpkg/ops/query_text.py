"""Filters and values as text: in opam's syntax, laid out as ``opam show --field`` does."""

from __future__ import annotations

from xpkg.repo.filters import Filter
from xpkg.repo.index import text
from xpkg.repo.index.encoding import encode_filter
from xpkg.repo.opamfile.layout import format_values
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.opamfile.values import List, Value


def filter_text(filter: Filter) -> str:
    """A filter as opam writes it."""
    return text.filter_text(encode_filter(filter))


def field_text(value: Value) -> str:
    """A field's value as ``opam show --field`` prints it: a list without its brackets, its items on one line or each
    on its own (``OpamListCommand.mini_field_printer``).
    """
    while isinstance(value, List) and len(value.items) == 1 and isinstance(value.items[0], List):
        value = value.items[0]
    return format_values(value.items) if isinstance(value, List) else print_value(value)
