"""``agreement.toml``: for each of opam's test scripts what agrees, and why the rest does not."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from tests.reftests.verdict import AGREES, DIFFERS, Verdict

FILE = Path(__file__).with_name("agreement.toml")
CATEGORIES = ("filter", "variable", "flag", "pin", "solving", "query", "lint", "other")
UNEXPLAINED = "unexplained"
EXPLANATIONS = {
    "tie": "opam's criteria hold both solutions equal",
    "refused at once": "xpkg refuses the recipe where opam plans, and fails when it builds",
    "format": "xpkg reads or refuses another set of files, on purpose",
    "model": "the replay's model of opam's state is too coarse here",
    "meaning": "xpkg means something else by this, on purpose",
    "missing": "xpkg cannot do this yet",
}
"""Why a step may differ; ``words`` beside it say more."""

Table = dict[str, Any]


def read_agreement() -> dict[str, Table]:
    return tomllib.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def table_of(verdicts: Sequence[Verdict], recorded: Mapping[str, Any]) -> Table:
    """What a replay gave, with the category and the explanations that were recorded for the same lines."""
    known = {one["line"]: one for one in recorded.get("differs", ())}
    skipped = Counter(one.reason.value for one in verdicts if one.reason is not None)
    table: Table = {
        "category": recorded.get("category", "other"),
        "agree": sum(one.verdict == AGREES for one in verdicts),
    }
    if skipped:
        table["not-compared"] = {reason: skipped[reason] for reason in sorted(skipped)}
    differing = [_explained(one, known.get(one.number, {})) for one in verdicts if one.verdict == DIFFERS]
    return table | ({"differs": differing} if differing else {})


def _explained(verdict: Verdict, known: Mapping[str, Any]) -> Table:
    return {
        "line": verdict.number,
        "reason": known.get("reason", UNEXPLAINED),
        "words": known.get("words", ""),
    }


def write_agreement(tables: Mapping[str, Table]) -> None:
    FILE.write_text(tomli_w.dumps(dict(sorted(tables.items()))), "utf-8")


def totals(tables: Mapping[str, Table]) -> dict[str, Counter[str]]:
    """By category: how many steps agree, how many differ for which reason, how many are not compared for which."""
    found: dict[str, Counter[str]] = {category: Counter() for category in CATEGORIES}
    for table in tables.values():
        counts = found[table["category"]]
        counts["agree"] += table["agree"]
        counts.update(f"differ: {one['reason']}" for one in table.get("differs", ()))
        counts.update({f"not compared: {reason}": count for reason, count in table.get("not-compared", {}).items()})
    return found
