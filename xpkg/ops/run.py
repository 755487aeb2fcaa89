"""Running a product of a target: the target's runner, built and placed apart from every switch.

A command line in a target's ``[run]`` table has two words to fill in: ``{product}``, and ``{prefix}``, the target's
prefix of the switch in use, whose libraries the product may need; empty where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import BuildError, NotFoundError, UsageError, XpkgError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, temporary_beside
from xpkg.core.foreground import run_in_foreground
from xpkg.core.locks import locked
from xpkg.core.programs import find_program
from xpkg.core.text import did_you_mean, printable
from xpkg.ops.building import Options, build_all
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import Plan
from xpkg.ops.requests import install_atoms
from xpkg.ops.solving import plan_request
from xpkg.repo.targets import Run
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.solver.model import Request

if TYPE_CHECKING:
    from xpkg.ops.progress import Progress
    from xpkg.sandbox.switches import Switch


_OF_THIS_MACHINE = ("bin/*",)


def runner_of(home: Home, pair: Pair) -> Run | None:
    """How the pair's target runs its products, None for this machine; UsageError when it cannot."""
    if pair.target is None:
        return None
    run = home.target(pair.target).run
    if run is None:
        raise UsageError(f"the target {pair.target} says no way to run its products", reference="no-runner")
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A file to run, and the prefix whose libraries it may need."""

    path: Path
    prefix: Path | None


def find_product(home: Home, pair: Pair, run: Run | None, name: str) -> Product:
    """A file of that path, or the one product of that name in the target's prefix of the switch in use.

    A path needs no switch.  NotFoundError ``unknown-product`` with the products there are.
    """
    if Path(name).is_file():
        return Product(path=Path(name).absolute(), prefix=_prefix_if_any(home, pair))
    switch = home.find_switch(make=False)
    prefix = switch.prefix(pair.machine)
    products = _products(prefix, run)
    matching = _named(name, prefix, products)
    if len(matching) == 1:
        return Product(path=matching[0], prefix=prefix)
    known = [str(path.relative_to(prefix)) for path in products]
    raise NotFoundError(
        f"{'no product is' if not matching else 'several products are'} named {printable(name)}",
        reference="unknown-product",
        context=(("prefix", str(prefix)), ("products", ", ".join(known) or "none")),
        hint=did_you_mean(name, [path.name for path in products])
        or (_elsewhere(home, switch, name) if pair.target is None else None),
    )


def _named(name: str, prefix: Path, products: Sequence[Path]) -> list[Path]:
    return [path for path in products if name in (path.name, str(path.relative_to(prefix)))]


def _elsewhere(home: Home, switch: Switch, name: str) -> str | None:
    """A hint for who left out ``--target``."""
    for target in switch.targets:
        run = home.target(target).run if target in home.targets else None
        prefix = switch.prefix(target)
        if run is not None and _named(name, prefix, _products(prefix, run)):
            return f"there is one of a target: xpkg run {name} --target {target}"
    return None


def _products(prefix: Path, run: Run | None) -> list[Path]:
    """What fits the target's patterns: with a slash the path below the prefix, else the name of a file at any place."""
    found = {
        path
        for pattern in (_OF_THIS_MACHINE if run is None else run.products)
        for path in (prefix.glob(pattern) if "/" in pattern else prefix.rglob(pattern))
        if path.is_file()
    }
    return sorted(found)


def _prefix_if_any(home: Home, pair: Pair) -> Path | None:
    try:
        prefix = home.find_switch(make=False).prefix(pair.machine)
    except XpkgError:
        return None  # a program that was built elsewhere runs without any switch
    return prefix if prefix.is_dir() else None


def check_machine(home: Home, pair: Pair, product: Product) -> None:
    """BuildError ``wrong-objects`` for an ELF file of another machine: it is not to be run as the target's."""
    from xpkg.sandbox.elf import MalformedObject, machine_name, machine_number, read_header

    objects = None if pair.target is None else home.target(pair.target).objects
    if objects is None:
        return
    with disk_errors("read", product.path), product.path.open("rb") as stream:
        head = stream.read(64)
    try:
        header = read_header(head)
    except MalformedObject:
        return  # a script, say; the runner tells what it cannot run
    if (header.format, header.machine) != (objects.format, machine_number(objects.machine)):
        raise BuildError(
            f"{printable(str(product.path))} is no program of {pair.target}",
            reference="wrong-objects",
            context=(
                ("it is", f"{header.format} {machine_name(header.machine)}"),
                ("wanted", f"{objects.format} {objects.machine}"),
            ),
        )


def prepare_runner(home: Home, run: Run, options: Options, progress: Progress) -> Path:
    """The prefix of the runner's package, built when it is not there yet.

    ConfigurationError ``missing-system-tool`` when the machine lacks a program that it starts, such as an emulator.
    """
    pair = Pair()
    request = Request(install=install_atoms(home, pair, [run.package]))
    (part,) = build_all(home, Plan((plan_request(home, pair, request),)), options, progress).plan.parts
    runner = part.tasks[part.asked(run.package).instance]
    for tool, package in sorted(runner.system_tools.items()):
        # Also when it was built long ago: it is the machine that may lack it now.
        find_program(tool, package, needed_for=run.package)
    outputs = [home.store.output(key) for key in (runner.key, *runner.tools)]
    place = home.root.runners / runner.key
    with locked(home.root.locks, f"runner-{runner.key}"):
        if not place.is_dir():
            from xpkg.sandbox.prefix import compose

            with disk_errors("place the runner", place):
                place.parent.mkdir(parents=True, exist_ok=True)
                staged = temporary_beside(place)
                try:
                    compose(outputs, staged, {TOOLS: str(place), TARGET: str(place)})
                    publish_directory(staged, place)
                finally:
                    remove_tree(staged)
    return place


def run_product(
    place: Path, run: Run, product: Product, arguments: Sequence[str], environment: Mapping[str, str]
) -> int:
    """Run the product on the caller's terminal; its exit status, 128+n after signal n.

    BuildError when the runner cannot be started.
    """
    command = command_line(place, run, product)
    try:
        return run_in_foreground([*command, *arguments], environment)
    except OSError as error:
        raise BuildError(
            f"the runner {run.package} cannot be started: {error.strerror}", context=(("program", command[0]),)
        ) from error


def run_here(home: Home, product: Product, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program of this machine likewise, in the environment of the switch that it is of, if any."""
    values = dict(environment)
    if product.prefix is not None:
        from xpkg.ops.environments import environment as of_switch
        from xpkg.ops.environments import merged

        values = merged(of_switch(home, home.find_switch(make=False), Pair()), environment)
    try:
        return run_in_foreground([str(product.path), *arguments], values)
    except OSError as error:
        raise BuildError(
            f"{printable(product.path.name)} cannot be started: {error.strerror}",
            context=(("program", printable(str(product.path))),),
        ) from error


def command_line(place: Path, run: Run, product: Product) -> list[str]:
    """What to start for a product, with the runner's prefix at ``place``; the first word is a path."""
    filled = {"product": str(product.path), "prefix": str(product.prefix or "")}
    words = [re.sub(r"\{(product|prefix)\}", lambda found: filled[found[1]], word) for word in run.command]
    return [str(place / "bin" / words[0]), *words[1:]]
