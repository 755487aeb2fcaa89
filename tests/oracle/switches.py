"""A switch whose state is written directly, and what opam would do to it (``--show-actions --json``)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracle.cudf import Cudf, State, read_cudf
from tests.oracle.opam import HEAD, SWITCH, Opam

_NO_SOLUTION = 20

# Before it solves, opam drops packages it takes to be of no interest, and sometimes those of the best answer.
_WHOLE = {"OPAMPREPRO": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``after`` is the state that would come of it, None when opam finds no way; ``criteria`` says what was optimised,
    and is empty where there was nothing to solve.  What opam asked its solver are names to ``install``, to ``remove``,
    and to ``upgrade``, which means not to lower."""

    said: str
    after: State | None
    criteria: str = ""
    install: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    upgrade: frozenset[str] = frozenset()

    @property
    def mentioned(self) -> frozenset[str]:
        """The names that the request is about."""
        return self.install | self.remove | self.upgrade

    def allows(self, before: State, after: State, cudf: Cudf) -> bool:
        """Whether a state is none that the request forbids: nothing to be removed left, nothing to upgrade lowered."""
        kept = [name for name in self.upgrade if name in before]
        return not self.remove & after.keys() and all(
            name in after and cudf.packages[name, after[name]].number >= cudf.packages[name, before[name]].number
            for name in kept
        )

    @property
    def cyclic(self) -> bool:
        """Whether the best state that opam found cannot be built for a cycle; it looks for no other."""
        return "cyclic dependencies" in self.said or "Dependency errors" in self.said


class SwitchOfOpam:
    """The one switch of an `Opam`."""

    def __init__(self, opam: Opam) -> None:
        self.opam = opam
        self._state = opam.root / SWITCH / ".opam-switch"
        self._before: State = {}

    def become(self, installed: State, roots: Sequence[str], invariant: str = "") -> None:
        """Have these versions installed, each built from the recipe that the repository has now."""
        self._before = installed
        listed = " ".join(f'"{name}.{version}"' for name, version in sorted(installed.items()))
        asked = " ".join(f'"{name}.{installed[name]}"' for name in sorted(roots))
        (self._state / "switch-state").write_text(
            f"{HEAD}compiler: []\nroots: [{asked}]\ninstalled: [{listed}]\n", "utf-8"
        )
        (self._state / "switch-config").write_text(f"{HEAD}invariant: [{invariant}]\n", "utf-8")
        kept = self._state / "packages"
        shutil.rmtree(kept, ignore_errors=True)
        for name, version in installed.items():
            (kept / f"{name}.{version}").mkdir(parents=True)
            recipe = self.opam.repository / "packages" / name / f"{name}.{version}" / "opam"
            shutil.copyfile(recipe, kept / f"{name}.{version}" / "opam")

    def cudf(self) -> Cudf:
        return read_cudf(self.opam.run("config", "cudf-universe"))

    def ask(self, *command: str) -> Answer:
        """What a command would do."""
        report = self.opam.root / "answer.json"
        report.unlink(missing_ok=True)
        done = self.opam.process(*command, "--show-actions", "--json", str(report), variables=_WHOLE)
        said = done.stdout + done.stderr
        if done.returncode not in (0, _NO_SOLUTION):
            return Answer(said=said, after=None)
        told = json.loads(report.read_text("utf-8"))
        asked = told.get("request", {})
        names = {part: frozenset(map(name_in, asked.get(part, ()))) for part in ("install", "remove", "upgrade")}
        return Answer(
            said=said,
            after=self._after(told.get("solution", [])) if done.returncode == 0 else None,
            criteria=asked.get("criteria", ""),
            **names,
        )

    def _after(self, solution: Sequence[dict[str, dict[str, str]]]) -> State:
        after = dict(self._before)
        for kind in ("remove", "install"):
            for action in solution:
                if kind in action:
                    package = action[kind]
                    if kind == "remove":
                        after.pop(package["name"], None)
                    else:
                        after[package["name"]] = package["version"]
        return after


def name_in(atom: str) -> str:
    """The name in ``a``, ``a.1``, ``a>=1``."""
    for place, letter in enumerate(atom):
        if letter in ".<>=!":
            return atom[:place]
    return atom
