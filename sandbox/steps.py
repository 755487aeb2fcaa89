"""What building an instance means: environment, generated files and commands, as one value.

The value is a pure function of the recipe, the target and the instances seen (design: "From recipe
to build steps"); it enters the build key whole, so it holds nothing that differs between machines.
The number of jobs does, and is therefore written as ``JOBS`` until a command is run.
"""

from __future__ import annotations

from xpkg.core.values import value

# Stands for the number of parallel jobs.  Not a string any recipe could hold.
JOBS = "\x00jobs\x00"


@value(kw_only=True)
class Step:
    """One program to run at the top of the source; ``rules`` says what the derivation added and why."""

    phase: str  # "build" or "install"
    argv: tuple[str, ...]
    rules: tuple[str, ...] = ()

    def command(self, jobs: int) -> list[str]:
        """The arguments to execute, with ``jobs`` parallel jobs where the recipe asks for a number."""
        return [argument.replace(JOBS, str(jobs)) for argument in self.argv]


@value(kw_only=True)
class Steps:
    """Everything that is run for an instance, in order."""

    environment: tuple[tuple[str, str], ...]
    generated: tuple[tuple[str, str], ...]  # (name below ETC, text)
    commands: tuple[Step, ...]
    install_files: tuple[str, ...]  # opam .install files to carry out, the first that exists

    def variables(self, jobs: int) -> dict[str, str]:
        """The environment to run the commands in, with the number of parallel jobs where the recipe asks for it."""
        return {name: value.replace(JOBS, str(jobs)) for name, value in self.environment}

    def as_value(self) -> dict[str, object]:
        """Plain data for the build key: what is run, not why."""
        return {
            "environment": [list(pair) for pair in self.environment],
            "generated": [list(pair) for pair in self.generated],
            "commands": [[step.phase, *step.argv] for step in self.commands],
            "install_files": list(self.install_files),
        }
