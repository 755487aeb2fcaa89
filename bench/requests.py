"""Cold plans for requests of all sizes, against opam on the same repository, an empty switch and the same variables.

Every figure is of a whole process: an interpreter that starts, reads its index, solves, prints a plan and ends.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Cost, median
from bench.universe import Peers

MEDIAN, WORST, MEMORY = 1 / 30, 1 / 10, 100.0
"""The budgets: the ratios of processor times, and MiB."""

REQUESTS: tuple[tuple[str, ...], ...] = (
    *((name,) for name in ("fmt", "cmdliner", "dune", "zarith", "yojson", "menhir", "base", "containers", "batteries")),
    *((name,) for name in ("lwt", "ppx_deriving", "miou", "unison", "why3", "lablgtk3", "merlin", "owl", "utop")),
    *((name,) for name in ("coq", "odoc", "js_of_ocaml", "eio_main", "ocaml-lsp-server", "irmin", "ocamlformat")),
    *((name,) for name in ("alt-ergo", "sail", "core", "opam-client", "mirage", "frama-c", "goblint", "liquidsoap")),
    *((name,) for name in ("torch", "cohttp-lwt-unix", "caqti-driver-postgresql", "albatross", "dream", "irmin-unix")),
    ("bap",),
    ("lwt.5.9.2", "dune>=3.10"),
    ("core", "dream", "ocamlformat", "utop"),
    ("eio", "ocaml.4.14.2"),  # cannot be met: eio needs OCaml 5
)

_NO_SOLUTION = 20  # the exit code of both
_OF_OPAM = re.compile(r"^ +\S+ install +(\S+) +(\S+)", re.MULTILINE)
_VARIABLE = re.compile(r"^(arch|os|os-\w+|sys-ocaml-\w+|opam-version) +(\S+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One request; ``chosen`` are the packages (name.version), None where there is no solution."""

    request: Sequence[str]
    ours: Cost
    theirs: Cost
    chosen: frozenset[str] | None
    same: bool

    @property
    def ratio(self) -> float:
        return self.ours.cpu / self.theirs.cpu

    def __str__(self) -> str:
        size = "no solution" if self.chosen is None else f"{len(self.chosen)} packages"
        agreed = "same" if self.same else "DIFFERENT"
        return (
            f"| {' '.join(self.request)} | {size} | {self.ours.cpu:.3f} s | {self.ours.memory:.0f} MiB "
            f"| {self.theirs.cpu:.2f} s | {self.theirs.memory:.0f} MiB | 1/{1 / self.ratio:.0f} | {agreed} |"
        )


@dataclass(kw_only=True)
class Planners:
    """Both, each with the repository and nothing installed."""

    peers: Peers
    variables: Mapping[str, str]

    def ours(self, request: Sequence[str], output: Path | None = None) -> Cost:
        variables = [f"--var={name}={value}" for name, value in self.variables.items()]
        command = ("install", "--dry-run", "--json", "--repos", "default", "--criteria", "opam", *variables)
        return self.peers.xpkg(*command, *request, output=output, statuses=(0, _NO_SOLUTION))

    def theirs(self, request: Sequence[str], output: Path | None = None) -> Cost:
        command = ("install", "--show-actions", "--no-depexts", *request)
        return self.peers.run_opam(*command, output=output, statuses=(0, _NO_SOLUTION))


def answers(planners: Planners, rounds: int) -> Iterator[Answer]:
    """Both in turn for each request, ``rounds`` times; only requests that have the wanted words."""
    output = planners.peers.scratch / "plan"
    for request in [one for one in REQUESTS if planners.peers.wanted in " ".join(one)]:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(planners.ours(request, output))
            chosen = _ours(output.read_text("utf-8"))
            theirs.append(planners.theirs(request, output))
            also = _theirs(output.read_text("utf-8"))
        yield Answer(request=request, ours=median(ours), theirs=median(theirs), chosen=chosen, same=chosen == also)


def _ours(text: str) -> frozenset[str] | None:
    actions = json.loads(text or "{}").get("actions")
    return None if actions is None else frozenset(f"{one['name']}.{one['version']}" for one in actions)


def _theirs(text: str) -> frozenset[str] | None:
    return frozenset(f"{name}.{version}" for name, version in _OF_OPAM.findall(text)) or None


def run(opam: str, repository: Path, scratch: Path, rounds: int, wanted: str) -> None:
    """Print a row for each request as it is found, then the ratios beside their budgets."""
    peers = Peers(opam=opam, scratch=scratch, repository=repository, rounds=rounds, wanted=wanted)
    peers.start(str(repository))
    found = scratch / "variables"
    peers.run_opam("var", "--global", output=found)
    planners = Planners(peers=peers, variables=dict(_VARIABLE.findall(found.read_text("utf-8"))))
    for side in (planners.ours, planners.theirs):  # once without counting: what is made at first use is there then
        side(REQUESTS[0])
    print("| request | plan | xpkg: CPU | memory | opam: CPU | memory | ratio | sets |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for row in answers(planners, rounds):
        rows.append(row)
        print(row, flush=True)
    ratios = [row.ratio for row in rows]
    print(f"\n{len(rows)} requests, medians of {rounds} rounds")
    print(f"median ratio: 1/{1 / statistics.median(ratios):.1f} (budget 1/{1 / MEDIAN:.0f})")
    print(f"worst ratio: 1/{1 / max(ratios):.1f} (budget 1/{1 / WORST:.0f})")
    print(f"most memory: {max(row.ours.memory for row in rows):.0f} MiB (budget {MEMORY:.0f} MiB)")
    print(f"same sets: {sum(row.same for row in rows)} of {len(rows)}")
