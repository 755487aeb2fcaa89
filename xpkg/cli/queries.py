"""``xpkg show`` and ``xpkg search``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.home import Home
    from xpkg.repo.entries import Entry

_WAYS = ("steps", "raw", "original", "effective", "fields", "where", "edges")


@click.command()
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
@opt.target_option
@opt.switch_option
@click.option(
    "--field", "-f", "fields", metavar="FIELD[,FIELD...]", help="Show only these fields, as opam writes them."
)
@click.option("--raw", is_flag=True, help="Show the recipe file, with what overlays change in it.")
@click.option("--original", is_flag=True, help="Show the recipe file as its repository has it.")
@click.option("--where", is_flag=True, help="Show where the recipe is.")
@click.option("--effective", is_flag=True, help="Show what holds on the target: filters evaluated, machines chosen.")
@click.option("--steps", is_flag=True, help="Show the commands that would be run, and what was added for the target.")
@click.option("--edges", is_flag=True, help="Show on which machine each dependency is needed, and what says so.")
@click.option("--repos", metavar="NAME[,NAME...]", help="With --edges: as if there were only these repositories.")
@click.option("--all-versions", is_flag=True, help="Show every version that fits, the newest first.")
@opt.common
def show(packages: tuple[str, ...], target_name: str | None, switch_name: str | None, **given: Any) -> int:
    """Show what the repositories and the pins of the switch say of packages: of one that is pinned, its pinned version.

    A PACKAGE is NAME, NAME.VERSION, a quoted constraint, or NAME with '*', '?' and '[...]'.
    """
    from xpkg.ops.query_names import is_glob

    chosen = [way for way in _WAYS if given[way]]
    if len(chosen) > 1:
        first, second = ("--field" if way == "fields" else f"--{way}" for way in chosen[:2])
        raise UsageError(f"{first} and {second} are two ways to show a package", hint="give one of them")
    if given["repos"] is not None and not given["edges"]:
        raise UsageError("--repos is for --edges")
    printer, home = opt.printer(given["as_json"], given["verbose"]), opt.home(switch_name)
    if given["edges"]:
        from xpkg.cli.edges import show_edges

        show_edges(
            printer, home, opt.pair(home, target_name), packages, given["repos"], all_versions=given["all_versions"]
        )
        return ExitCode.SUCCESS
    entries = _chosen(home, packages, printer, all_versions=given["all_versions"])
    several = given["all_versions"] or len(packages) > 1 or is_glob(packages[0])
    values = []
    for number, entry in enumerate(entries):
        if number and not given["fields"] and not given["where"]:
            printer.line()
        values.append(_show(printer, home, entry, target_name, chosen[0] if chosen else "", given["fields"]))
    printer.value(values if several else values[0])
    return ExitCode.SUCCESS


def _chosen(home: Home, packages: Sequence[str], printer: Printer, *, all_versions: bool) -> list[Entry]:
    from xpkg.ops import query_show

    home.see_pins()
    return query_show.chosen(
        home.universe, packages, printer.warning, all_versions=all_versions, pins=home.pinned_versions
    )


def _show(printer: Printer, home: Home, entry: Entry, target_name: str | None, way: str, fields: str | None) -> object:
    """Print one package; its value for programs."""
    from xpkg.ops import query_show

    if not way:
        return _facts(printer, query_show.facts(home, entry))
    if way == "fields":
        return _fields(
            printer, entry, query_show.fields(home, entry, [one for one in (fields or "").split(",") if one])
        )
    recipe = query_show.recipe_of(home, entry)
    if way in ("raw", "original"):
        text = query_show.raw_recipe(recipe, original=way == "original")
        printer.line(text.rstrip("\n"))
        return {"name": recipe.name, "version": recipe.version, "opam": text, "overlays": query_show.overlays(recipe)}
    if way == "where":
        printer.line(str(recipe.directory))
        return {"name": recipe.name, "version": recipe.version, "directory": str(recipe.directory)}
    from xpkg.cli.showing import show_effective, show_steps

    pair = opt.pair(home, target_name)
    return (show_effective if way == "effective" else show_steps)(printer, home, pair, recipe)


def _facts(printer: Printer, facts: Mapping[str, object]) -> object:
    unknown = facts["unknown-fields"]
    if unknown:
        printer.note(f"note: neither opam nor xpkg knows these fields: {_shown(unknown)}")
    empty: tuple[object, ...] = (None, "", [])
    told = {name: _shown(value) for name, value in facts.items() if name != "unknown-fields" and value not in empty}
    printer.table(_rows(told))
    return facts


def _shown(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _fields(printer: Printer, entry: Entry, texts: Mapping[str, str]) -> object:
    """One field bare, several as a table, as opam does."""
    if len(texts) == 1:
        printer.line(next(iter(texts.values())))
    else:
        printer.table(_rows(texts))
    return {"name": entry.name, "version": entry.version, "fields": dict(texts)}


def _rows(texts: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [
        (name if number == 0 else "", line)
        for name, text in texts.items()
        for number, line in enumerate(text.split("\n"))
    ]


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@click.option("--regex", is_flag=True, help="The words are regular expressions.")
@click.option("--short", "-s", is_flag=True, help="Names only.")
@opt.common
def search(words: tuple[str, ...], regex: bool, short: bool, as_json: bool, verbose: int) -> int:
    """Search names, synopses, descriptions and tags for all the words; exit status 1 when nothing is found."""
    from xpkg.cli.large import large_answer
    from xpkg.ops.query_search import search as find

    printer, home = opt.printer(as_json, verbose), opt.home()
    home.see_pins()
    with large_answer():
        rows = find(home, words, printer.warning, regex=regex)
        printer.value([{"name": row.name, "versions": list(row.versions), "synopsis": row.synopsis} for row in rows])
        printer.table([(row.name,) if short else (row.name, row.version, row.synopsis) for row in rows])
    return ExitCode.SUCCESS if rows else ExitCode.FALSE
