"""``xpkg show --edges``: each dependency with its machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.ops.query_machines import Edge


def show_edges(
    printer: Printer, home: Home, pair: Pair, packages: Sequence[str], repositories: str | None, *, all_versions: bool
) -> None:
    """Print the direct dependencies of the variants that packages have for the pair's machine; for programs one object
    with the names on each machine.
    """
    from xpkg.ops.query_machines import EdgeQuery
    from xpkg.ops.query_show import chosen
    from xpkg.ops.scopes import restricted

    names = None if repositories is None else [name for name in repositories.split(",") if name]
    if names is None:
        home.see_pins()
    universe = home.universe if names is None else restricted(home, names, {})
    query = EdgeQuery(universe, pair)
    entries = chosen(universe, packages, printer.warning, all_versions=all_versions, pins=home.pinned_versions)
    if printer.as_json:
        printer.value({f"{entry.name}.{entry.version}": query.machines(entry) for entry in entries})
        return
    # All of it before any is printed: recipes and rules that cannot be read are found on the way.
    shown = [
        (f"{entry.name} {entry.version} [{query.machine(entry)}]", [_row(edge) for edge in query.of(entry)])
        for entry in entries
    ]
    for number, (title, rows) in enumerate(shown):
        if number:
            printer.line()
        printer.line(title)
        printer.table(rows)


def _row(edge: Edge) -> tuple[str, ...]:
    name = f"  {edge.name} {edge.constraint}".rstrip()
    said = edge.reason if edge.rule != "cross.toml" else f"{edge.reason} ({edge.repository}: {edge.key})"
    return name, " and ".join(edge.machines), edge.rule, said.removeprefix("cross.toml: ")
