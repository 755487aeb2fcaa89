"""``pypi:NAME/FILENAME``: files of the Python package indexes that this machine's pip is set up for.

Wheels come by ``pip download``.  An sdist does not: pip would run its build code to learn its
metadata.  It is looked up in the same indexes (PEP 503 and PEP 691) and only downloaded; wheels
that pip does not find under their exact name go the same way.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from xpkg.core.errors import ConfigurationError
from xpkg.core.files import disk_errors
from xpkg.repo.sources.attempt import Attempt, AttemptFailed
from xpkg.repo.sources.client_process import Done, run_client
from xpkg.repo.sources.pypi_index import find_in_indexes

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")


def fetch_pypi(attempt: Attempt) -> None:
    """Leave the file in ``attempt.partial``; nothing of it is run."""
    name, _, filename = attempt.url.removeprefix("pypi:").partition("/")
    if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(filename):
        raise AttemptFailed("a PyPI source is pypi:NAME/FILENAME")
    pip = _Pip(attempt)
    options = None
    try:
        if filename.endswith(".whl"):
            owner, version, _, tags = parse_wheel_filename(filename)
            options = [*_tag_options(tags), "--only-binary=:all:", f"{name}=={version}"]
        else:
            owner, _ = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise AttemptFailed(f"no name of a wheel or an sdist: {error}") from error
    if owner != canonicalize_name(name):
        raise AttemptFailed(f"the file belongs to {owner}, not to {name}")
    if options is not None and pip.download(options, filename):
        return
    find_in_indexes(attempt, pip.run, str(owner), filename)


def _tag_options(tags: frozenset[Tag]) -> list[str]:
    """What makes pip choose a wheel of these tags, whatever Python it runs on."""
    interpreters = sorted({tag.interpreter for tag in tags}, reverse=True)
    match = re.fullmatch(r"([a-z]+)(\d)(\d*)", interpreters[0])
    if match is None:
        return []
    version = match[2] + (f".{match[3]}" if match[3] else "")
    options = [f"--implementation={match[1]}", f"--python-version={version}"]
    options += [f"--abi={abi}" for abi in sorted({tag.abi for tag in tags})]
    return options + [f"--platform={platform}" for platform in sorted({tag.platform for tag in tags})]


class _Pip:
    """The pip of the given interpreter, else the one on PATH."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._command: list[str] | None = None

    def run(self, *arguments: str, directory: Path | None = None) -> Done:
        """Run pip with no questions asked; ConfigurationError when there is none."""
        return run_client(
            [*self._found(), "--disable-pip-version-check", "--no-input", "--no-color", *arguments],
            environment=self._attempt.settings.client_environment(PYTHONNOUSERSITE="1", PYTHONSAFEPATH="1"),
            directory=directory or self._attempt.root.partial,
            stop=self._attempt.stop,
            seconds=self._attempt.settings.total_seconds,
        )

    def download(self, options: list[str], filename: str) -> bool:
        """Whether pip downloaded exactly ``filename``."""
        with disk_errors("download to", self._attempt.root.partial):
            work = tempfile.TemporaryDirectory(prefix="pip-", dir=self._attempt.root.partial)
        with work as directory:
            path = Path(directory)
            done = self.run("download", "--quiet", "--no-deps", f"--dest={path}", *options, directory=path)
            if done.code != 0 and (failure := done.failure("pip")).unreachable:
                raise failure
            got = path / filename
            if done.code != 0 or not got.is_file():
                return False
            with disk_errors("download to", self._attempt.partial):
                got.replace(self._attempt.partial)
            return True

    def _found(self) -> list[str]:
        if self._command is None:
            self._command = self._search()
        return self._command

    def _search(self) -> list[str]:
        settings = self._attempt.settings
        if settings.python is not None:
            command = [settings.python, "-m", "pip"]
            done = run_client(
                [*command, "--version"],
                environment=settings.client_environment(),
                directory=self._attempt.root.partial,
                stop=self._attempt.stop,
                seconds=60,
            )
            if done.code == 0:
                return command
        try:
            return [settings.tool("pip3", self._attempt.url, "python3-pip")]
        except ConfigurationError:
            return [settings.tool("pip", self._attempt.url, "python3-pip")]
