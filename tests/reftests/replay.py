"""Replays one script: writes its files, runs its plain programs, and asks xpkg what opam was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.reftests.arguments import read_arguments
from tests.reftests.commands import Answer, Command, answer
from tests.reftests.packages import complete_recipe, write_package_file
from tests.reftests.script import (
    SELF_CONTAINED,
    Block,
    Export,
    PackageFile,
    PlainFile,
    Run,
    Script,
    expand,
    parse_command,
    rewrite,
)
from tests.reftests.verdict import AGREES, DIFFERS, SKIPPED, Reason, Verdict
from tests.reftests.world import DEFAULT, World, export_commit

# Programs of the scripts that only write and read files of the test's own directory.
_NAMES = """
cat chmod cp diff echo env false find git grep ln ls md5sum mkdir mv openssl printf rm sed sh sort tar test touch
true wc
"""
_PROGRAMS = frozenset(_NAMES.split())
_OWN_PROGRAMS = frozenset({"opam-cat", "opam-cache", "json-cat"})
_SECONDS = 20
# Scripts about the files of an opam root.
_OWN_STATE = frozenset({"opamroot-versions", "upgrade-format"})
# Scripts about commands that rewrite the files of a repository.
_FOREIGN = frozenset({"admin", "admin-cache"})
# Scripts that call opam find one that does nothing.
_NO_PROGRAMS = "no-programs"


@dataclass(slots=True)
class Replay:
    """One script in one directory."""

    script: Script
    world: World
    verdicts: list[Verdict] = field(default_factory=list)

    def run(self) -> list[Verdict]:
        for block in self.script.blocks:
            self._block(block)
        return self.verdicts

    def _block(self, block: Block) -> None:
        command = parse_command(block.line, self.world.variables)
        match command:
            case PackageFile():
                write_package_file(self.world.base / "REPO", command, _text(block))
                self.world.update(DEFAULT)
            case PlainFile(path=path, completed=completed):
                self._write(
                    expand(path, self.world.variables), complete_recipe(_text(block)) if completed else _text(block)
                )
            case Export(bindings=bindings):
                self._export(bindings)
            case Run(words=("opam", *_)):
                self._opam(block, command)
            case Run():
                self._program(block, command)

    def _write(self, path: str, text: str) -> None:
        target = self.world.base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8", "surrogateescape")

    def _export(self, bindings: Iterable[tuple[str, str, str]]) -> None:
        variables = self.world.variables
        for name, operator, value in bindings:
            value = expand(value, variables)
            before = variables.get(name, os.environ.get(name, ""))
            if operator != "=" and before:
                value = f"{value}:{before}" if operator == "+=" else f"{before}:{value}"
            variables[name] = value

    def _opam(self, block: Block, run: Run) -> None:
        environment = self.world.variables | dict(run.environment)
        command = Command(
            arguments=read_arguments(run.words[1:]), environment=environment, run=run, expected=list(block.rest)
        )
        self._judge(block, answer(self.world, command))
        if run.output is not None:
            self.world.variables.pop(run.output, None)

    def _judge(self, block: Block, given: Answer) -> None:
        if given.reason is not None:
            self._add(block, SKIPPED, given.reason)
        elif given.ours == given.theirs:
            self._add(block, AGREES)
        else:
            self._add(block, DIFFERS, detail=f"opam: {given.theirs}; xpkg: {given.ours}")

    def _add(self, block: Block, verdict: str, reason: Reason | None = None, detail: str = "") -> None:
        self.verdicts.append(
            Verdict(number=block.number, command=block.line, verdict=verdict, reason=reason, detail=detail)
        )

    def _program(self, block: Block, run: Run) -> None:
        name = run.words[0]
        if name in _OWN_PROGRAMS:
            self._add(block, SKIPPED, Reason.OWN_STATE)
        elif name in _PROGRAMS:
            output = self._output(run)
            if run.output is not None:
                self.world.variables[run.output] = "\n".join(rewrite(output.splitlines(), run))

    def _output(self, run: Run) -> str:
        base = self.world.base
        environment = {
            **self.world.variables,
            "PATH": f"{base / _NO_PROGRAMS}:/usr/bin:/bin",
            "HOME": str(base),
            "LC_ALL": "C",
            **{
                f"GIT_{who}_{what}": "nobody@example.com"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
            "GIT_CONFIG_NOSYSTEM": "1",
            **dict(run.environment),
        }
        try:
            done = subprocess.run(
                run.words,
                cwd=base,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.decode("utf-8", "replace")


def _text(block: Block) -> str:
    return "\n".join(block.rest) + "\n"


def _is_opam(block: Block) -> bool:
    return " opam " in f" {block.line}" and not block.line.startswith((":", "#"))


def _not_compared(block: Block, reason: Reason) -> Verdict:
    return Verdict(number=block.number, command=block.line, verdict=SKIPPED, reason=reason)


def replay(script: Script, base: Path, clone: Path | None = None) -> list[Verdict]:
    """The verdict on every command of a script; ``base`` is a directory to make.

    Scripts about the public repository at some commit need a git ``clone`` of it.
    """
    if script.repository != SELF_CONTAINED and clone is None:
        return [_not_compared(block, Reason.REPOSITORY) for block in script.blocks if _is_opam(block)]
    for names, reason in ((_OWN_STATE, Reason.OWN_STATE), (_FOREIGN, Reason.NO_COMMAND)):
        if script.name in names:
            return [_not_compared(block, reason) for block in script.blocks if _is_opam(block)]
    shutil.rmtree(base, ignore_errors=True)
    (base / "test").mkdir(parents=True)
    stub = base / _NO_PROGRAMS / "opam"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    stub.chmod(0o755)
    if script.repository == SELF_CONTAINED or clone is None:
        return Replay(script=script, world=World(base.resolve())).run()
    public = base / "public"
    export_commit(clone, script.repository, public)
    assert (public / "packages").is_dir(), f"the clone does not have the commit {script.repository}"
    world = World((base / "test").resolve(), public.resolve())
    try:
        return Replay(script=script, world=world).run()
    finally:
        shutil.rmtree(public)
