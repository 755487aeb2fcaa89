"""The ``xpkg`` command: its groups, and the one place where an error becomes an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from types import TracebackType

import click

from xpkg import __version__
from xpkg.cli.interrupts import Interrupts, told
from xpkg.cli.lazy import LazyGroup
from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode, StoreError, UsageError, WorkInterrupted, XpkgError

_COMMANDS = {
    "install": ("packages", "install", "Install packages, building what is not built yet."),
    "build": ("projects", "build", "Build a project in its own directory, apart from every switch."),
    "init": ("projects", "init", "Write the recipe that is derived for a project without one."),
    "upgrade": ("packages", "upgrade", "Take newer versions of some packages or of all."),
    "reinstall": ("packages", "reinstall", "Build packages once more, and put back what is not as it was built."),
    "lock": ("lock", "lock", "Write down what an installation is made of, for others to install exactly that."),
    "remove": ("packages", "remove", "Remove packages and what only they needed."),
    "list": ("listing", "list_", "List packages: installed ones, or those of the repositories that meet criteria."),
    "show": ("queries", "show", "Show a package, or with --steps how it would be built."),
    "search": ("queries", "search", "Search names, synopses, descriptions and tags."),
    "tree": ("tree", "tree", "Draw who needs whom."),
    "why": ("why", "why", "Tell why a package is installed, or why one package needs another."),
    "why-not": ("why", "why_not", "Tell whether a package could be installed, or what stands in the way."),
    "fetch": ("sources", "fetch", "Fetch the sources that an install would need."),
    "lint": ("lint", "lint", "Look for mistakes in recipes."),
    "update": ("repositories", "update", "Bring the copies of repositories up to date."),
    "repo": ("repositories", "repo", "Add, list and remove repositories."),
    "pin": ("pins", "pin", "Pin packages to versions, directories and git repositories."),
    "hold": ("holds", "hold", "Keep installed packages as they are, or list those kept."),
    "unhold": ("holds", "unhold", "Let held packages change again."),
    "switch": ("switches", "switch", "Create, list, show, choose and remove switches."),
    "target": ("targets", "target", "List, show, add, remove and check targets."),
    "env": ("environments", "env", "Print the environment of a switch for a shell to evaluate."),
    "exec": ("environments", "exec_", "Run a command in the environment of a switch."),
    "shell": ("environments", "shell", "Start a shell in the environment of a switch, or in a failed build."),
    "run": ("running", "run", "Run a product of a target."),
    "test": ("testing", "test", "Run the tests of packages, without installing anything."),
}

# click 8.2 and later tell so of a group without its command; the text is the group's help.
_MISSING_COMMAND: tuple[type[click.UsageError], ...] = tuple(
    kind for kind in (getattr(click.exceptions, "NoArgsIsHelpError", None),) if kind is not None
)


@click.group(
    cls=LazyGroup,
    lazy={name: (f"xpkg.cli.{module}", attribute, text) for name, (module, attribute, text) in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "--version", message="xpkg %(version)s")
def xpkg() -> None:
    """Install and cross-build OCaml and C packages.

    State is kept in XPKG_ROOT (default: the user's data directory).  Exit codes: docs/exit-codes.md.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and exit."""
    sys.excepthook = _internal_error
    # Most of what a command makes lives until its end, and little of it in cycles: to look for these after every 700
    # values took a tenth of a cold plan.
    gc.set_threshold(20_000, 20, 50)
    code = run(sys.argv[1:] if arguments is None else arguments)
    gc.freeze()  # nor are the cycles left to be found while the interpreter ends
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    # A request to end and a terminal that is gone end the work as Ctrl-C does: children killed, nothing half done.
    interrupts = Interrupts()
    interrupts.install()
    words = list(arguments) or ["--help"]
    printer = _printer(words)
    try:
        result = xpkg.main(args=words, prog_name="xpkg", standalone_mode=False)
    except (KeyboardInterrupt, WorkInterrupted, click.exceptions.Abort):
        return _interrupted(printer, words, interrupts)
    except click.exceptions.Exit as error:
        return error.exit_code
    except _MISSING_COMMAND as error:
        print(error.format_message(), file=sys.stderr)
        return int(ExitCode.BAD_ARGUMENTS)
    except BrokenPipeError:
        # The reader of our output went away; say nothing more, also not at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.SUCCESS)
    except (XpkgError, click.ClickException, OSError) as error:
        known = _as_told(error)
        printer.error(known)
        return int(known.exit_code)
    return result if isinstance(result, int) else int(ExitCode.SUCCESS)


def _printer(words: Sequence[str]) -> Printer:
    """For what is told before or beside a command's own output."""
    return Printer(as_json="--json" in (words[: words.index("--")] if "--" in words else words))


def _as_told(error: XpkgError | click.ClickException | OSError) -> XpkgError:
    """The error in the one form that users and programs see."""
    if isinstance(error, XpkgError):
        return error
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help" if context is not None else "xpkg --help"
        return UsageError(error.format_message(), hint=hint)
    return StoreError(
        f"the file system does not allow this: {error.strerror or error}",
        reference="file-system",
        context=() if error.filename is None else (("path", str(error.filename)),),
    )


def _interrupted(printer: Printer, words: Sequence[str], interrupts: Interrupts) -> int:
    interrupts.end()
    error = told(words, interrupts.number)
    printer.error(error)
    return int(error.exit_code)


def _internal_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A mistake of xpkg's own: the details go to a file, the user gets a line and exit code 99."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="xpkg-report-", suffix=".txt", delete=False) as report:
        report.write(f"xpkg {__version__}: {sys.argv}\n")
        traceback.print_exception(kind, error, trace, file=report)
    mistake = XpkgError(
        f"internal error, {kind.__name__}: {error}",
        reference="internal",
        context=(("report", report.name),),
        hint="this is a mistake of xpkg; please send the report",
    )
    _printer(sys.argv[1:]).error(mistake)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(ExitCode.INTERNAL))


if __name__ == "__main__":
    main()
