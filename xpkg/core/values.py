"""Value types that are cheap to define: what ``dataclass(frozen=True, slots=True)`` makes, made when it is needed.

A data class has its methods generated and compiled where it is defined, 0.4 ms each on a machine where a cold command
may take 130, whether they are ever called or not.  Here ``__init__`` is compiled when the first value is made, and the
other methods are the same for all classes.  A class defined so is a data class to ``replace``, ``fields`` and
encoders.  For types that every command or every build imports; others are plain data classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_FEW = 30
"""So many values of a class are made before its ``__init__`` is compiled: of most classes fewer are."""


@overload
def value(cls: type[T], /) -> type[T]: ...
@overload
def value(*, kw_only: bool = False, order: bool = False) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True)
def value(cls: type[T] | None = None, /, *, kw_only: bool = False, order: bool = False) -> Any:
    """A frozen class with a slot for each annotation, compared and hashed by their values.

    As of ``dataclass``: ``order`` compares values of the same class in the order of their fields, ``kw_only`` wants
    all fields by name.  Not supported: fields of base classes, ``field()``, ``__post_init__``.
    """
    if cls is None:
        return lambda one: _defined(one, kw_only=kw_only, order=order)
    return _defined(cls, kw_only=kw_only, order=order)


def _defined(cls: type[T], *, kw_only: bool, order: bool) -> type[T]:
    names = tuple(cls.__dict__.get("__annotations__", ()))  # noqa: RUF063 - texts, and importing inspect costs
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    kept = {name: of for name, of in cls.__dict__.items() if name not in (*names, "__dict__", "__weakref__")}
    read = attrgetter(*names) if names else lambda one: ()
    methods: dict[str, Any] = {
        "__slots__": names,
        "__match_args__": () if kw_only else names,
        "__init__": _first_init(names, defaults, kw_only=kw_only),
        "__eq__": lambda one, other: read(one) == read(other) if other.__class__ is one.__class__ else NotImplemented,
        "__hash__": lambda one: hash(read(one)),
        "__repr__": _shown,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": lambda one: [getattr(one, name) for name in names],
        "__setstate__": _restore,
        "__dataclass_fields__": _Fields(names, defaults, kw_only=kw_only),
    }
    if order:
        methods |= _orders(read)
    made: Any = type(cls)(cls.__name__, cls.__bases__, {**methods, **kept})  # type: ignore[misc]
    made.__qualname__ = cls.__qualname__
    return made  # type: ignore[no-any-return]


def _first_init(names: tuple[str, ...], defaults: Mapping[str, Any], *, kw_only: bool) -> Callable[..., None]:
    """An ``__init__`` that does for a few values, then puts the real one in its place, which also tells mistakes."""
    left = _FEW

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal left
        cls, left = type(self), left - 1
        by_place = dict(zip(names, args, strict=False))
        given = {**defaults, **by_place, **kwargs}
        complete = len(given) == len(names) == len(given.keys() & names)
        once = len(args) == len(by_place) and by_place.keys().isdisjoint(kwargs)
        if left > 0 and complete and once and not (kw_only and args):
            for name in names:
                object.__setattr__(self, name, given[name])
            return
        parameters = [f"{name}=_default_{name}" if name in defaults else name for name in names]
        if kw_only and names:
            parameters.insert(0, "*")
        # A slot's own setter, which a frozen class does not refuse.
        body = "; ".join(f"_set_{name}(self, {name})" for name in names) or "pass"
        known = {f"_set_{name}": cls.__dict__[name].__set__ for name in names}
        known |= {f"_default_{name}": default for name, default in defaults.items()}
        exec(f"def __init__({', '.join(['self', *parameters])}): {body}", known)  # noqa: S102 - as dataclasses do
        cls.__init__ = known["__init__"]
        cls.__init__(self, *args, **kwargs)

    return init


def _shown(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
    return f"{type(self).__qualname__}({fields})"


def _refuse(self: object, name: str, *of: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change {name!r}")


def _restore(self: Any, state: list[Any]) -> None:
    for name, of in zip(self.__slots__, state, strict=True):
        object.__setattr__(self, name, of)


def _orders(read: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "__lt__": lambda one, other: read(one) < read(other) if other.__class__ is one.__class__ else NotImplemented,
        "__le__": lambda one, other: read(one) <= read(other) if other.__class__ is one.__class__ else NotImplemented,
        "__gt__": lambda one, other: read(one) > read(other) if other.__class__ is one.__class__ else NotImplemented,
        "__ge__": lambda one, other: read(one) >= read(other) if other.__class__ is one.__class__ else NotImplemented,
    }


class _Fields:
    """The fields of a class as ``dataclasses`` describes them, made when somebody asks for them."""

    def __init__(self, names: tuple[str, ...], defaults: Mapping[str, Any], *, kw_only: bool) -> None:
        self._names, self._defaults, self._kw_only = names, defaults, kw_only

    def __get__(self, instance: object, owner: Any) -> Mapping[str, dataclasses.Field[Any]]:
        annotations = owner.__dict__.get("__annotations__", {})  # noqa: RUF063 - texts
        found: dict[str, Any] = {}
        for name in self._names:
            default = self._defaults.get(name, dataclasses.MISSING)
            one: Any = dataclasses.field(default=default, kw_only=self._kw_only)
            one.name, one.type = name, annotations[name]
            one._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
            found[name] = one
        owner.__dataclass_fields__ = found
        return found
