"""Programs of the system that xpkg itself runs."""

from __future__ import annotations

from xpkg.core.errors import ConfigurationError


def find_program(name: str, package: str, *, needed_for: str | None = None, search_path: str | None = None) -> str:
    """The absolute path of a program, searched as PATH is (``search_path``, or the process's own).

    ConfigurationError ``missing-system-tool`` names it, and the Debian package that has it.
    """
    import shutil  # with bz2 and lzma behind it: most runs need no program

    found = shutil.which(name, path=search_path)
    if found is None:
        raise ConfigurationError(
            f"missing system tool: {name}",
            reference="missing-system-tool",
            context=() if needed_for is None else (("needed for", needed_for),),
            hint=f"on Debian: apt-get install {package}",
        )
    return found
