"""Which rule each part of the derived steps comes from: pure, for showing; nothing here enters a build key.

Steps are made by rules that say only the result.  What a rule added to a command is what the recipe's own command does
not have; variables and files are known by their names, each of which one rule sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from xpkg.repo.filters import is_true
from xpkg.repo.recipes import commands
from xpkg.sandbox.environment import Subject, variables
from xpkg.sandbox.layout import ETC, TARGET
from xpkg.sandbox.steps import Step, Steps

ISOLATION, REPRODUCIBLE, OPAM, XPKG = "isolation", "reproducible builds", "opam", "xpkg"
RUNNER = "tests in the runner"
TOOLCHAIN, NATIVE_TOOLCHAIN = "target's toolchain", "build machine's toolchain"

_VARIABLES = {
    **dict.fromkeys(("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM"), ISOLATION),
    **dict.fromkeys(("LC_ALL", "TZ", "SOURCE_DATE_EPOCH", "BUILD_PATH_PREFIX_MAP"), REPRODUCIBLE),
    "MAKEFLAGS": "make",
}
_BEGINNINGS = {
    "OPAM_": OPAM,
    "XPKG_": XPKG,
    "OCAMLFIND_": "findlib",
    "OCAMLPATH": "findlib",
    "OCAMLTOP_": "ocaml",
    "CAML_": "ocaml",
    "PKG_CONFIG": "pkg-config",
    "CMAKE_": "cmake",
    "MESON_": "meson",
    "TOPKG_": "topkg",
    "DUNE_": "dune",
    "ac_cv_": "autoconf",
    "CONFIG_SITE": "autoconf",
    "LD_PRELOAD": RUNNER,
    "RUN_AS_TARGET": RUNNER,
    "DUNE_WORKSPACE": "dune",
}
_FILES = {
    "findlib.conf": "findlib",
    "findlib.conf.d/": "findlib",
    "cross.meson": "meson",
    "native.meson": "meson",
    "toolchain.cmake": "cmake",
    "config.site": "autoconf",
    "dune-workspace": "dune",
    "bin/c++": "target's toolchain",
    "bin/configure-for-target": "configure",
    "bin/": "target's commands",
}
_OF_TARGET = {TOOLCHAIN, "target's commands", "meson", "cmake", "topkg", "autoconf", "dune", RUNNER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some words of a command that a rule added, with what it says of them."""

    words: tuple[str, ...]
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Where the parts of steps come from.

    ``words`` has for each command one text a word: the rule that added it, empty for the recipe's own; ``environment``
    and ``generated`` the rules by the names of variables and files.
    """

    words: tuple[tuple[str, ...], ...]
    environment: Mapping[str, str]
    generated: Mapping[str, str]

    def is_for_target(self, name: str) -> bool:
        """Whether a variable is there because the package is built for another machine."""
        parts = self.environment[name].split(", ")
        return name in ("OCAMLFIND_TOOLCHAIN", "XPKG_TARGET") or not _OF_TARGET.isdisjoint(parts)


def origins(subject: Subject, steps: Steps) -> Origins:
    """Where everything in ``steps``, the derived ones of ``subject``, comes from."""
    own = [(phase, tuple(argv)) for phase, argv in _own_commands(subject)]
    return Origins(
        words=tuple(_words(step, before) for step, before in _paired(steps.commands, own)),
        environment={name: ", ".join(_variable(subject, name, value)) for name, value in steps.environment},
        generated={name: _by_beginning(name, _FILES) or XPKG for name, _ in steps.generated},
    )


def parts(step: Step, words: Sequence[str]) -> Iterator[Part]:
    """What rules added to one command, by runs of words; ``words`` as of `Origins`."""
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and words[end] == words[start]:
            continue
        if words[start]:
            reasons = [reason for rule, reason in map(_split, step.rules) if rule in words[start].split(", ")]
            yield Part(words=step.argv[start:end], rule=words[start], reason="; ".join(reasons))
        start = end


def _own_commands(subject: Subject) -> Iterator[tuple[str, list[str]]]:
    """The recipe's own commands with their phases, before any rule."""
    values, recipe = variables(subject), subject.recipe
    tests = recipe.run_test if "with-test" in subject.extras else ()
    for phase, listed in (("build", recipe.build), ("test", tests), ("install", recipe.install)):
        yield from ((phase, argv) for argv in commands(listed, values))


def _paired(
    steps: Sequence[Step], own: Sequence[tuple[str, tuple[str, ...]]]
) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """Each step with the recipe's command that it was made of, in order; with nothing when a rule added the step."""
    left = list(own)
    for number, step in enumerate(steps):
        spare = len(steps) - number > len(left)
        if left and left[0][0] == step.phase and not (spare and not _resemble(step.argv, left[0][1])):
            yield step, left.pop(0)[1]
        else:
            yield step, ()


def _resemble(argv: tuple[str, ...], own: tuple[str, ...]) -> bool:
    return not own or any(word in argv for word in own)


def _words(step: Step, before: tuple[str, ...]) -> tuple[str, ...]:
    """For each word the rule that added it; of several rules on one command all are named."""
    rule = ", ".join(dict.fromkeys(name for name, _ in map(_split, step.rules))) or ("" if before else XPKG)
    marks = [rule] * len(step.argv)
    for block in SequenceMatcher(None, before, step.argv, autojunk=False).get_matching_blocks():
        marks[block.b : block.b + block.size] = [""] * block.size
    return tuple(marks) if step.argv != before else ("",) * len(step.argv)


def _split(rule: str) -> tuple[str, str]:
    """A rule as steps name it, ``NAME: REASON``, in two."""
    name, separator, reason = rule.partition(": ")
    return (name, reason) if separator else (rule, "")


def _variable(subject: Subject, name: str, value: str) -> Iterator[str]:
    """All that set or changed a variable, first to last."""
    base = _base(subject, name)
    updates = [
        (update, one)
        for one in (*subject.setting, subject)
        for update in (subject.recipe.build_env if one is subject else one.recipe.setenv)
        if update.name == name and is_true(update.filter, variables(one))
    ]
    replaced = any(update.operator == "=" for update, _ in updates)
    if base is not None and not replaced:
        yield base
        if name == "PATH" and subject.cross and _leads_to_target(value):
            yield TOOLCHAIN
    for one in dict.fromkeys(one.recipe.name for _, one in updates if one is not subject):
        yield f"setenv of {one}"
    if any(one is subject for _, one in updates):
        yield "the recipe's build-env"
    elif base is None and not updates:
        yield XPKG


def _leads_to_target(value: str) -> bool:
    return any(place.startswith((TARGET, ETC)) for place in value.split(":"))


def _base(subject: Subject, name: str) -> str | None:
    """The rule of the build environment that sets a variable."""
    if name.endswith("_FOR_BUILD") or (name.startswith("BUILD_") and name not in _VARIABLES):
        return NATIVE_TOOLCHAIN
    if name.lower() in ("cc", "cxx", "ar", "ranlib", "ld", "as", "nm", "strip", "cflags", "cxxflags", "ldflags"):
        return TOOLCHAIN if subject.cross else NATIVE_TOOLCHAIN
    return _VARIABLES.get(name) or _by_beginning(name, _BEGINNINGS)


def _by_beginning(name: str, known: Mapping[str, str]) -> str | None:
    return next((rule for beginning, rule in known.items() if name.startswith(beginning)), None)
