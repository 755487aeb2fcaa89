"""``xpkg tree``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from xpkg.ops.query_tree import Branch, Graph, Place

_UNICODE = ("│   ", "    ", "├── ", "└── ")
_ASCII = ("|   ", "    ", "|-- ", "`-- ")


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@opt.target_option
@opt.switch_option
@click.option("--resolve", is_flag=True, help="Draw a solution for installing the packages, not what is installed.")
@click.option("--rev-deps", is_flag=True, help="Draw what needs the packages, not what they need.")
@click.option("--depth", type=click.IntRange(0, 1_000_000), metavar="N", help="Draw no more than N levels below.")
@click.option("--with-test", is_flag=True, help="With --resolve: with what the packages' tests need.")
@click.option("--with-doc", is_flag=True, help="With --resolve: with what their documentation needs.")
@opt.common
def tree(
    packages: tuple[str, ...],
    target_name: str | None,
    switch_name: str | None,
    resolve: bool,
    rev_deps: bool,
    depth: int | None,
    with_test: bool,
    with_doc: bool,
    as_json: bool,
    verbose: int,
) -> int:
    """Draw who needs whom: of what is installed, or with --resolve of what would be.

    What appears again is marked [*] and not drawn a second time, what --depth cuts off is marked [...].
    """
    from xpkg.ops import query_tree
    from xpkg.ops.query_edges import Kinds

    if resolve and not packages:
        raise UsageError("--resolve needs packages", hint="xpkg tree --resolve NAME")
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    pair = opt.pair(home, target_name)
    if resolve:
        home.see_pins()
        graph = query_tree.solved_graph(home, pair, packages, Kinds(test=with_test, doc=with_doc))
    else:
        graph = query_tree.installed_graph(home, None if target_name is None else pair)
    if rev_deps:
        graph = graph.reversed()
    places = (
        sorted(graph.requested) if resolve and not rev_deps else query_tree.tops(graph, () if resolve else packages)
    )
    branches = query_tree.draw(graph, places, depth)
    printer.value(_value(graph, places, branches))
    if not branches:
        printer.line(f"nothing is installed in switch {home.switch_name}")
    signs = _UNICODE if _shows("│├└─") else _ASCII
    for branch in branches:
        printer.line(_line(branch, signs, branch.place in graph.requested, rev_deps=rev_deps))
        if branch.edge is not None and branch.edge.reason:
            printer.detail(_indent(branch, signs, below=True) + branch.edge.reason)
    return ExitCode.SUCCESS


def _shows(text: str) -> bool:
    """Whether standard output can show these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _line(branch: Branch, signs: Sequence[str], requested: bool, *, rev_deps: bool) -> str:
    place, edge = branch.place, branch.edge
    words = [f"{_indent(branch, signs)}{place.name} {place.version}", f"[{place.tree}]"]
    if edge is not None and edge.constraint:
        words.append(f"needs {edge.constraint}" if rev_deps else f"({edge.constraint})")
    if edge is not None and edge.optional:
        words.append("optional")
    if edge is not None and edge.post:
        words.append("post")
    if requested:
        words.append("requested")
    words += ["[*]"] * branch.repeated + ["[...]"] * branch.cut
    return " ".join(words)


def _indent(branch: Branch, signs: Sequence[str], *, below: bool = False) -> str:
    bar, blank, middle, end = signs
    levels = [blank if last else bar for last in branch.last]
    if levels and not below:
        levels[-1] = end if branch.last[-1] else middle
    return "".join(levels) + ("  " if below else "")


def _value(graph: Graph, places: Sequence[Place], branches: Sequence[Branch]) -> dict[str, object]:
    """The graph as programs like it: no nesting, each package once, in the order drawn."""
    shown = list(dict.fromkeys(branch.place for branch in branches))
    numbers = {place: number for number, place in enumerate(shown)}
    return {
        "roots": [numbers[place] for place in places],
        "packages": [
            {
                "name": place.name,
                "version": place.version,
                "machine": place.machine,
                "tree": place.tree,
                "requested": place in graph.requested,
                "edges": [
                    {
                        "package": numbers[other],
                        "constraint": edge.constraint,
                        "reason": edge.reason,
                        "post": edge.post,
                        "optional": edge.optional,
                    }
                    for other, edge in graph.edges[place]
                    if other in numbers
                ],
            }
            for place in shown
        ],
    }
