"""install, remove, upgrade, reinstall: the actions that opam listed against those of xpkg's solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.reftests.asking import Asker, Options, read_atom
from tests.reftests.commands import Answer, Command
from tests.reftests.outcome import Outcome, done, expected_outcome
from tests.reftests.pinning import named_by_paths, note_pins, pin_unsaid
from tests.reftests.scopes import built_commands, shown_commands
from tests.reftests.verdict import Reason
from tests.reftests.world import World
from xpkg.core.errors import InputFileError, NotFoundError, XpkgError
from xpkg.repo.universe import Universe

_SHOWING = ("--show-actions", "--dry-run", "--download-only", "--check", "--depext-only", "--print-depexts")


def options_of(command: Command) -> Options:
    arguments = command.arguments
    return Options(
        with_test=arguments.has("-t", "--with-test") or command.flag("OPAMWITHTEST") or command.flag("OPAMBUILDTEST"),
        with_doc=arguments.has("-d", "--with-doc") or command.flag("OPAMWITHDOC") or command.flag("OPAMBUILDDOC"),
        with_dev_setup=arguments.has("--with-dev-setup") or command.flag("OPAMWITHDEVSETUP"),
        deps_only=arguments.has("--deps-only"),
        ignore_conflicts=arguments.has("--ignore-conflicts"),
        best_effort=arguments.has("--best-effort") or command.flag("OPAMBESTEFFORT"),
        unlock_base=arguments.has("--unlock-base", "--update-invariant") or command.flag("OPAMUNLOCKBASE"),
        formula=arguments.value("--formula"),
    )


def compare(world: World, command: Command, ask: Callable[[Asker], Outcome]) -> tuple[Answer, Outcome | None]:
    """What both say, and what xpkg would do where opam's output does not tell what opam did."""
    theirs = expected_outcome(command.expected)
    if _is_foreign(command):
        return Answer(reason=Reason.NO_OPTION), None
    if theirs is None and (command.failed or not command.run.rewrites):
        return Answer(reason=Reason.NOTHING_SAID), None
    shown = shown_commands(command.expected)
    try:
        ours = ask(Asker(world, command.environment, options_of(command)))
    except XpkgError as error:
        if theirs is None:
            return Answer(reason=Reason.NOTHING_SAID), None
        return Answer(ours=f"{type(error).__name__}: {error.message}", theirs=str(theirs)), None
    verbose = command.arguments.has("-v", "--verbose") and command.arguments.command in ("install", "reinstall")
    if shown and verbose and not command.failed:
        return _with_commands(world, command, ours, theirs, shown), ours if theirs is None else None
    if theirs is None:
        return Answer(reason=Reason.NOTHING_SAID), ours
    return Answer(ours=str(ours), theirs=str(theirs)), None


def _with_commands(
    world: World, command: Command, ours: Outcome, theirs: Outcome | None, shown: list[tuple[str, ...]]
) -> Answer:
    """Also the commands that build what is installed, as far as opam shows commands of these programs."""
    built = built_commands(world, command.environment, ours)
    programs = {words[0] for words in built}
    base = str(world.base)
    our_lines = sorted(" ".join(words).replace(base, "${BASEDIR}") for words in built)
    their_lines = sorted(" ".join(words) for words in shown if words[0] in programs)
    said = "" if theirs is None else str(theirs)
    return Answer(
        ours="\n".join([str(ours) if theirs is not None else "", *our_lines]), theirs="\n".join([said, *their_lines])
    )


def is_shown_only(command: Command) -> bool:
    return command.arguments.has(*_SHOWING) or any(
        command.flag(name) for name in ("OPAMSHOW", "OPAMDRYRUN", "OPAMDOWNLOADONLY")
    )


def apply_done(
    world: World, command: Command, asked: Sequence[str], unsaid: Outcome | None = None, *, roots: bool = True
) -> None:
    """Bring the switch to where opam brought it, by what it said it did, or by ``unsaid``."""
    if is_shown_only(command):
        return
    installed, removed = done(command.expected)
    outcome = unsaid or expected_outcome(command.expected)
    if not installed and not removed and outcome is not None and outcome.changes and not command.failed:
        for change in outcome.changes:
            pair = (change.name, change.version)
            (removed if change.action == "remove" else installed).append(pair)
    switch = world.switch
    for name, _ in removed:
        switch.installed.pop(name, None)
    universe = world.universe(command.environment)
    for name, version in installed:
        switch.installed[name] = version
        switch.built[name] = world.signature(universe, name, version)
        switch.texts[name] = _text(universe, name, version)
        switch.pending.discard(name)
        if roots and name in asked:
            switch.roots.add(name)
    switch.roots &= set(switch.installed)


def _text(universe: Universe, name: str, version: str) -> str:
    try:
        return universe.recipe(name, version).file.text
    except (InputFileError, NotFoundError):
        return 'opam-version: "2.0"\n'


# Options without a counterpart in xpkg that change what is installed.
_FOREIGN = ("--assume-built", "--locked", "--recursive", "--subpath", "--depext-only")


def _is_foreign(command: Command) -> bool:
    return command.arguments.has(*_FOREIGN) or command.flag("OPAMLOCKED") or "OPAMCLI" in command.environment


def install(world: World, command: Command) -> Answer:
    spellings = note_pins(world, command)
    unsaid = pin_unsaid(world, command)
    world.switch.pins |= unsaid
    given, ours = compare(world, command, lambda asker: _guarded(lambda: asker.install(spellings)))
    if is_shown_only(command) or command.failed:
        for name in unsaid:
            del world.switch.pins[name]
    arguments = command.arguments
    names = _names(spellings)
    if not is_shown_only(command) and not command.failed:
        if arguments.has("--set-root"):
            world.switch.roots |= set(names)
        if arguments.has("--unset-root"):
            world.switch.roots -= set(names)
    apply_done(world, command, names, ours, roots=not arguments.has("--unset-root"))
    return given


def _guarded(ask: Callable[[], Outcome]) -> Outcome:
    """A spelling that names nothing is refused, as by opam."""
    try:
        return ask()
    except NotFoundError:
        return Outcome(changes=None)


def _names(spellings: Sequence[str]) -> list[str]:
    names = []
    for spelling in spellings:
        try:
            names.append(read_atom(spelling).name)
        except NotFoundError:
            continue
    return names


def reinstall(world: World, command: Command) -> Answer:
    if command.arguments.has("--list-pending", "--forget-pending"):
        return Answer(reason=Reason.OWN_STATE)
    spellings = note_pins(world, command)
    given, ours = compare(world, command, lambda asker: _guarded(lambda: asker.reinstall(spellings)))
    apply_done(world, command, _names(spellings), ours)
    return given


def remove(world: World, command: Command) -> Answer:
    automatic = command.arguments.has("-a", "--auto-remove") or command.flag("OPAMAUTOREMOVE")
    spellings = named_by_paths(world, command.arguments.rest)
    if command.arguments.has("--force") and not set(_names(spellings)) & set(world.switch.installed):
        return Answer(reason=Reason.BUILDING)
    given, ours = compare(world, command, lambda asker: _guarded(lambda: asker.remove(spellings, automatic=automatic)))
    note_pins(world, command)
    apply_done(world, command, (), ours)
    return given


def upgrade(world: World, command: Command) -> Answer:
    arguments = command.arguments
    spellings = note_pins(world, command)
    if arguments.has("--installed"):
        spellings = [one for one in spellings if read_atom(one).name in world.switch.installed]
    if arguments.has("--check"):
        outcome = _guarded(lambda: _upgrade(Asker(world, command.environment, options_of(command)), spellings, command))
        return Answer(ours=str(bool(outcome.changes)), theirs=str(not command.failed))
    given, ours = compare(world, command, lambda asker: _guarded(lambda: _upgrade(asker, spellings, command)))
    apply_done(world, command, _names(spellings), ours)
    return given


def _upgrade(asker: Asker, spellings: Sequence[str], command: Command) -> Outcome:
    if command.arguments.has("--fixup"):
        return asker.repair()
    everything = command.arguments.has("-a", "--all") or not (spellings or asker.options.formula)
    return asker.upgrade(spellings, everything=everything)
