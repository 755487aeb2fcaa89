"""Options about a project's directory, which several commands share."""

from __future__ import annotations

import click

BUILD_SYSTEMS = ("dune", "meson", "cmake", "autoconf", "make")
"""`xpkg.ops.project_systems.SYSTEMS`, which commands about other things need not load."""

system_option = click.option(
    "--build-system",
    "system",
    type=click.Choice(BUILD_SYSTEMS),
    help="Derive the recipe of a directory from this build system's files.",
)
only_option = click.option(
    "--only", multiple=True, metavar="NAME", help="Only this package of the directory; may be repeated."
)
ignore_pin_depends_option = click.option(
    "--ignore-pin-depends", is_flag=True, help="Do not pin what a directory's recipes ask to be pinned (pin-depends)."
)
