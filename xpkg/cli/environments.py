"""``xpkg env``, ``xpkg exec`` and ``xpkg shell``."""

from __future__ import annotations

import os
import shlex
import shutil

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, NotFoundError
from xpkg.ops import environments

_placed = opt.apply(opt.target_option, opt.switch_option)


def _values(target_name: str | None, switch_name: str | None) -> dict[str, str]:
    home = opt.home(switch_name)
    return environments.environment(home, home.find_switch(), opt.pair(home, target_name))


@click.command()
@_placed
@opt.common
def env(target_name: str | None, switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Print the environment of a switch for a shell to evaluate: eval $(xpkg env --target T)."""
    printer = opt.printer(as_json, verbose)
    values = _values(target_name, switch_name)
    printer.value(values)
    for name, value in values.items():
        tail = '"${PATH:+:$PATH}"' if name == "PATH" else ""
        printer.line(f"export {name}={shlex.quote(value)}{tail};")
    return ExitCode.SUCCESS


@click.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_placed
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
def exec_(target_name: str | None, switch_name: str | None, command: tuple[str, ...]) -> int:
    """Run a command in the environment of a switch; its exit status is xpkg's."""
    _replace_by(list(command), environments.merged(_values(target_name, switch_name), os.environ))
    return ExitCode.INTERNAL


@click.command()
@_placed
@click.option("--failed", metavar="BUILD", help="Enter the kept tree of a failed build, in its own isolation.")
@click.argument("command", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED)
def shell(target_name: str | None, switch_name: str | None, failed: str | None, command: tuple[str, ...]) -> int:
    """Start a shell in the environment of a switch, or in a failed build."""
    if failed is not None:
        return environments.enter_failed(opt.home(switch_name), failed, list(command) or ["bash"])
    values = environments.merged(_values(target_name, switch_name), os.environ)
    _replace_by(list(command) or [os.environ.get("SHELL") or "/bin/sh"], values)
    return ExitCode.INTERNAL


def _replace_by(command: list[str], values: dict[str, str]) -> None:
    """Become the command; NotFoundError when there is no such program."""
    program = shutil.which(command[0], path=values["PATH"])
    if program is None:
        raise NotFoundError(
            f"there is no program {command[0]} in this environment",
            reference="unknown-program",
            context=(("searched", values["PATH"]),),
        )
    os.execve(program, command, values)
