"""What an opam file is made of.  Every node keeps its span ``start``..``end`` in the text; spans never compare."""

from __future__ import annotations

from dataclasses import dataclass, field

# Positional and not keyword-only: a repository has millions of these.


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the text: characters ``start`` to ``end``."""

    start: int = field(compare=False, repr=False)
    end: int = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Bool(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Integer(Node):
    value: int


@dataclass(frozen=True, slots=True)
class String(Node):
    """Escapes are resolved; a byte that is not UTF-8 is a lone surrogate (``surrogateescape``)."""

    value: str


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A variable or keyword, with its packages as written: ``a+b:name``, ``_:name``."""

    name: str


@dataclass(frozen=True, slots=True)
class List(Node):
    """``[ ... ]``"""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """``( ... )``"""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Option(Node):
    """``value { ... }``"""

    value: Value
    options: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Logical(Node):
    """``a & b & c`` or ``a | b | c``; flat, so that a long chain is not deep."""

    operator: str
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Relation(Node):
    """``left operator right``"""

    operator: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class PrefixRelation(Node):
    """``operator value``, as in ``{>= "1.0"}``"""

    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Prefix(Node):
    """``!value`` or ``?value``"""

    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Update(Node):
    """``left operator right`` with an operator of environment updates: ``+= =+ := =: =+=``"""

    operator: str
    left: Value
    right: Value


Value = Bool | Integer | String | Ident | List | Group | Option | Logical | Relation | PrefixRelation | Prefix | Update


@dataclass(frozen=True, slots=True)
class Field(Node):
    """``name: value``"""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Section(Node):
    """``kind { ... }`` or ``kind "name" { ... }``"""

    kind: str
    name: str | None
    items: tuple[Item, ...]

    def get(self, name: str) -> Value | None:
        """The value of the section's field, or None."""
        return next((item.value for item in self.items if isinstance(item, Field) and item.name == name), None)


Item = Field | Section
