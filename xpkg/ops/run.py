"""Running a product of a target: the target's runner, built and placed apart from every switch."""

from __future__ import annotations

import fnmatch
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import BuildError, NotFoundError, UsageError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, temporary_beside
from xpkg.core.locks import locked
from xpkg.core.text import did_you_mean
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


def runner_of(home: Home, pair: Pair) -> Run:
    """How the pair's target runs its products; UsageError when it cannot."""
    if pair.target is None:
        raise UsageError("run needs --target: programs of this machine need no runner", hint="xpkg exec -- PROGRAM")
    run = home.target(pair.target).run
    if run is None:
        raise UsageError(f"the target {pair.target} says no way to run its products", reference="no-runner")
    return run


def find_product(switch: Switch, pair: Pair, run: Run, name: str) -> Path:
    """A file of that path, or the one product of that name in the target's prefix."""
    if Path(name).is_file():
        return Path(name).absolute()
    prefix = switch.prefix(pair.machine)
    products = sorted(
        path for pattern in run.products for path in prefix.rglob("*") if fnmatch.fnmatch(path.name, pattern)
    )
    matching = [path for path in products if path.name == name or str(path.relative_to(prefix)) == name]
    if len(matching) == 1:
        return matching[0]
    known = [str(path.relative_to(prefix)) for path in products]
    raise NotFoundError(
        f"{'no product is' if not matching else 'several products are'} named {name}",
        reference="unknown-product",
        context=(("prefix", str(prefix)), ("products", ", ".join(known) or "none")),
        hint=did_you_mean(name, [path.name for path in products]),
    )


def prepare_runner(home: Home, run: Run, options: Options, progress: Progress) -> Path:
    """The prefix of the runner's package, built when it is not there yet."""
    pair = Pair()
    request = Request(install=install_atoms(home, pair, [run.package]))
    plan = build_all(home, Plan((plan_request(home, pair, request),)), options, progress).plan
    runner = next(task for task in plan.tasks if task.recipe.name == run.package)
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


def run_product(place: Path, run: Run, product: Path, arguments: Sequence[str]) -> int:
    """Run the product on the caller's terminal; the runner's exit status.  BuildError when it cannot start."""
    words = [word.replace("{product}", str(product)) for word in run.command]
    program = place / "bin" / words[0]
    try:
        return subprocess.run([str(program), *words[1:], *arguments], check=False).returncode
    except OSError as error:
        raise BuildError(
            f"the runner {run.package} cannot be started: {error.strerror}", context=(("program", str(program)),)
        ) from error
