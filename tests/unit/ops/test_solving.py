"""From what is asked for to plans: verbs, options, several at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.ops.quiet import Quiet
from xpkg.core.errors import NotFoundError, UsageError
from xpkg.ops.asking import Ask, Verb
from xpkg.ops.building import Options
from xpkg.ops.holding import hold
from xpkg.ops.home import Home
from xpkg.ops.install import carry_out
from xpkg.ops.pairs import Pair
from xpkg.ops.pin_words import read_wish
from xpkg.ops.pinning import add as pin
from xpkg.ops.planning import Plan
from xpkg.ops.settings import RepositorySettings, Settings
from xpkg.ops.solving import plan
from xpkg.repo.sources.progress import silent
from xpkg.repo.universe import UnknownPackage
from xpkg.solver.model import NoSolution

Add = Callable[..., None]
NATIVE = Pair()


@pytest.fixture
def add(tmp_path: Path) -> Add:
    def write(package: str, fields: str = "") -> None:
        directory = tmp_path / "repository" / "packages" / package.partition(".")[0] / package
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\nx-toolchain: "none"\n{fields}\n', "utf-8")

    return write


def known_anew(home: Home) -> None:
    """The repository was changed."""
    for name in ("universe", "repositories"):
        home.__dict__.pop(name, None)


@pytest.fixture
def home(tmp_path: Path, add: Add) -> Home:
    add("ground.1")
    add("ground.2")
    add("house.1", 'depends: ["ground" "scaffold" {with-test} "plan" {with-doc}]\nrun-test: ["true" "%{name}%"]')
    add("hut.1", 'depends: ["ground" {< "2"}]')
    add("scaffold.1")
    add("plan.1")
    found = Home(tmp_path / "root", environment={})
    settings = Settings(repositories=(RepositorySettings(name="here", address=str(tmp_path / "repository")),))
    found.__dict__["settings"] = settings
    return found


def make(home: Home, verb: str = "install", *packages: str, **options: object) -> Plan:
    ask = Ask(verb=verb, packages=packages, **options)  # type: ignore[arg-type]
    return plan(home, home.find_switch(), [NATIVE], ask)


def done(home: Home, verb: str, *packages: str, **options: object) -> None:
    """Carry a plan out for real: these packages install nothing, so no command is run but those of tests."""

    def anew() -> Plan:
        return make(home, verb, *packages, **options)

    carry_out(home, home.find_switch(), anew, anew(), Options(), Quiet())


def told(made: Plan) -> list[str]:
    return [f"{one.action} {one.name}.{one.version}" for one in made.actions]


def test_an_upgrade_of_everything_takes_the_newest(home: Home) -> None:
    done(home, "install", "ground.1", "house")
    assert told(make(home, "upgrade")) == ["upgrade ground.2", "rebuild house.1"]
    done(home, "upgrade")
    assert make(home, "upgrade").idle


def test_an_upgrade_by_name_insists_but_takes_nothing_away_that_was_asked_for(home: Home) -> None:
    done(home, "install", "ground.1")
    assert told(make(home, "upgrade", "ground")) == ["upgrade ground.2"]
    assert told(make(home, "upgrade", "ground.2")) == ["upgrade ground.2"]
    done(home, "install", "hut")
    kept = make(home, "upgrade", "ground")
    assert told(kept) == []
    assert (
        kept.notes == ('not everything can be newer: hut 1 needs ground < "2" (says here)',) or "hut" in kept.notes[0]
    )
    with pytest.raises(UnknownPackage, match="house is not installed"):
        make(home, "upgrade", "house")


def test_a_reinstalled_package_is_built_once_more(home: Home) -> None:
    done(home, "install", "house")
    made = make(home, "reinstall", "house")
    assert told(made) == ["reinstall house.1"]
    assert made.again == {task.key for task in made.tasks if task.recipe.name == "house"}
    before = home.find_switch().current().number
    done(home, "reinstall", "house")
    assert home.find_switch().current().number == before + 1
    with pytest.raises(UnknownPackage, match="hut is not installed"):
        make(home, "reinstall", "hut")


def test_dependencies_alone_are_kept_as_if_asked_for(home: Home) -> None:
    done(home, "install", "house", dependencies_only=True)
    assert [one.name for one in home.find_switch().current().roots] == ["ground"]
    done(home, "install", "hut", best_effort=True)
    done(home, "remove", "hut")
    assert [one.name for one in home.find_switch().current().installed] == ["ground"]


def test_best_effort_tells_what_it_leaves_out(home: Home) -> None:
    with pytest.raises(NoSolution):
        make(home, "install", "hut", "ground.2", "house")
    made = make(home, "install", "hut", "ground.2", "house", best_effort=True)
    assert told(made) == ["install ground.2", "install house.1"]
    assert made.notes == ("left out, as it cannot be had together with the rest: hut on the build machine",)


def test_tests_asked_for_stay_asked_for_and_run(home: Home) -> None:
    done(home, "install", "house", with_test=True)
    assert {one.name for one in home.find_switch().current().installed} == {"ground", "house", "scaffold"}
    assert make(home, "install", "house").idle
    (house,) = (task for task in make(home, "install", "house").tasks if task.recipe.name == "house")
    assert [(step.phase, step.command(1)) for step in house.steps.commands] == [("test", ["true", "house"])]
    done(home, "install", "plan")
    done(home, "remove", "plan")
    assert {one.name for one in home.find_switch().current().installed} == {"ground", "house", "scaffold"}
    assert told(make(home, "install", "house", with_doc=True)) == ["install plan.1", "rebuild house.1"]


def test_everything_unknown_is_told_at_once(home: Home) -> None:
    with pytest.raises(UnknownPackage) as caught:
        make(home, "install", "house", "hose", "hut.7", "grund")
    assert caught.value.message == "3 of the packages asked for do not exist"
    assert [fact for _, fact in caught.value.context] == [
        "there is no package named hose (did you mean house?)",
        "no version of hut is = 7",
        "there is no package named grund (did you mean ground?)",
    ]
    with pytest.raises(UsageError):
        make(home, "install", "house", "hut.")


def test_a_plan_over_some_repositories_knows_no_others(home: Home) -> None:
    nothing = Ask(packages=("zig",), repositories=("here",))
    with pytest.raises(UnknownPackage):
        plan(home, None, [NATIVE], nothing)
    assert plan(home, None, [NATIVE], Ask(packages=("zig",))).actions


def test_variables_of_this_machine_can_be_supposed(home: Home, add: Add) -> None:
    add("odd.1", 'available: os-distribution = "odd"')
    with pytest.raises(NoSolution):
        plan(home, None, [NATIVE], Ask(packages=("odd",)))
    assert plan(home, None, [NATIVE], Ask(packages=("odd",), variables=(("os-distribution", "odd"),))).actions


def held(home: Home) -> dict[str, str]:
    return {one.name: one.version for one in home.find_switch().current().installed}


def roots(home: Home) -> dict[str, tuple[str, ...]]:
    return {one.name: one.extras for one in home.find_switch().current().roots}


def test_what_is_there_and_wanted_in_an_impossible_way_stays_as_it_was(home: Home, add: Add) -> None:
    add("impt.1", 'depends: ["nothing-so-called" {with-test}]')
    done(home, "install", "impt")
    made = make(home, "install", "impt", "house", with_test=True, best_effort=True)
    assert told(made) == ["install ground.2", "install scaffold.1", "install house.1"]
    as_now = "left as it was, as it cannot be had as asked for now together with the rest: impt on the build machine"
    assert made.notes == (as_now,)
    done(home, "install", "impt", "house", with_test=True, best_effort=True)
    assert roots(home) == {"impt": (), "house": ("with-test",)}
    assert make(home, "install", "impt", with_test=True, best_effort=True).idle
    made = make(home, "install", "impt.1", with_test=True, best_effort=True)
    assert told(made) == []
    assert "impt = 1" in made.notes[0]


def test_what_best_effort_leaves_out_does_not_become_asked_for(home: Home, add: Add) -> None:
    add("impt.1", 'depends: ["nothing-so-called" {with-test}]')
    add("user.1", 'depends: ["impt"]')
    done(home, "install", "user")
    made = make(home, "install", "impt", with_test=True, best_effort=True)
    assert made.idle
    assert len(made.notes) == 1


def test_what_is_there_stays_as_it_is_when_only_its_needs_are_asked_for(home: Home, add: Add) -> None:
    done(home, "install", "house")
    add("house.2", 'depends: ["ground" "plan"]')
    add("sky.1")
    add("house.3", 'depends: ["ground" "sky" "scaffold" {with-test}]')
    known_anew(home)
    assert make(home, "install", "house", dependencies_only=True).actions == ()
    assert told(make(home, "install", "house.2", dependencies_only=True)) == ["install plan.1"]
    assert told(make(home, "install", "house.3", dependencies_only=True)) == ["install sky.1"]
    made = make(home, "install", "house", dependencies_only=True, with_test=True)
    assert told(made) == ["install scaffold.1"]
    done(home, "install", "house", dependencies_only=True, with_test=True)
    assert roots(home) == {"ground": (), "house": (), "scaffold": ()}
    assert make(home, "install", "house", dependencies_only=True, with_test=True).idle


def test_dependencies_alone_as_far_as_they_can_be_had(home: Home, add: Add) -> None:
    add("impossible.1", 'depends: ["nothing-so-called"]')
    made = make(home, "install", "hut", "house", dependencies_only=True, best_effort=True)
    assert (told(made), made.notes) == (["install ground.1"], ())
    made = make(home, "install", "impossible", "house", dependencies_only=True, best_effort=True)
    assert told(made) == ["install ground.2"]
    assert made.notes == ("left out, as it cannot be had together with the rest: impossible on the build machine",)


def test_a_refusal_names_the_packages_whose_needs_are_asked_for(home: Home, add: Add) -> None:
    add("impossible.1", 'depends: ["nothing-so-called"]')
    with pytest.raises(NoSolution, match=r"^impossible cannot be installed$") as caught:
        make(home, "install", "impossible", dependencies_only=True)
    assert "deps-of" not in f"{caught.value.chain} {caught.value.facts()} {caught.value.hint}"


def test_where_several_must_be_left_out_an_option_does_that(home: Home, add: Add) -> None:
    for one in "ab":
        add(f"left-{one}.1", f'conflicts: ["right-{one}"]')
        add(f"right-{one}.1")
    with pytest.raises(NoSolution) as caught:
        make(home, "install", "left-a", "right-a")
    assert "--best-effort" not in str(caught.value.hint)
    names = ("left-a", "right-a", "left-b", "right-b")
    with pytest.raises(NoSolution) as caught:
        make(home, "install", *names)
    assert str(caught.value.hint).endswith("; or let --best-effort leave out what cannot be had together")
    assert len(told(make(home, "install", *names, best_effort=True))) == 2


def test_an_upgrade_makes_nothing_asked_for(home: Home, add: Add) -> None:
    done(home, "install", "house")
    assert make(home, "upgrade", "ground").idle
    add("ground.3")
    known_anew(home)
    assert told(make(home, "upgrade", "ground")) == ["upgrade ground.3", "rebuild house.1"]
    assert make(home, "upgrade", "ground").actions[0].reason == "requested; now 2"
    done(home, "upgrade", "ground")
    assert roots(home) == {"house": ()}
    done(home, "install", "ground")
    assert roots(home) == {"house": (), "ground": ()}


def test_what_is_there_stays_when_more_is_asked_for(home: Home, add: Add) -> None:
    done(home, "install", "ground.1", "house")
    assert told(make(home, "install", "ground", "hut", "plan")) == ["install hut.1", "install plan.1"]
    assert told(make(home, "install", "ground>=2", "plan")) == ["upgrade ground.2", "rebuild house.1", "install plan.1"]
    by_opam = make(home, "install", "ground", "plan", criteria="opam")
    assert told(by_opam) == ["upgrade ground.2", "rebuild house.1", "install plan.1"]


def test_a_name_that_packages_provide_means_them(home: Home, add: Add) -> None:
    add("provider.1", 'x-provides: ["virtual"]\ndepends: ["scaffold" {with-test}]')
    assert told(make(home, "install", "virtual", with_test=True)) == ["install scaffold.1", "install provider.1"]
    done(home, "install", "virtual", with_test=True)
    assert roots(home) == {"provider": ("with-test",)}
    for verb in ("remove", "upgrade", "reinstall"):
        with pytest.raises(UnknownPackage, match="virtual is not installed for build") as caught:
            make(home, verb, "virtual")
        assert caught.value.hint == "provider 1 provides virtual: name that package instead"
    with pytest.raises(NotFoundError) as refused:
        hold(home, home.find_switch(), ["virtual"])
    assert refused.value.hint == "provider 1 provides virtual: name that package instead"


def test_of_several_targets_each_name_is_on_one_at_least(home: Home, tmp_path: Path) -> None:
    shutil.copytree(
        Path(__file__).parents[2] / "behaviour" / "repository" / "targets", tmp_path / "repository" / "targets"
    )
    pairs = [NATIVE, Pair.of("toy")]

    def both(verb: Verb, *packages: str) -> Plan:
        return plan(home, home.find_switch(), pairs, Ask(verb=verb, packages=packages))

    def install(pair: Pair, *packages: str) -> None:
        def anew() -> Plan:
            return plan(home, home.find_switch(), [pair], Ask(packages=packages))

        carry_out(home, home.find_switch(), anew, anew(), Options(), Quiet())

    install(NATIVE, "plan")
    install(Pair.of("toy"), "ground.1", "scaffold")
    assert [(one.name, one.machine) for one in both("remove", "plan", "scaffold").actions] == [
        ("plan", "build"),
        ("scaffold", "toy"),
    ]
    assert [(one.name, one.machine) for one in both("reinstall", "plan").actions] == [("plan", "build")]
    assert [(one.name, one.machine) for one in both("upgrade", "ground", "plan").actions] == [("ground", "toy")]
    with pytest.raises(UnknownPackage, match="house is not installed for build or toy"):
        both("remove", "house", "plan")


def test_an_upgrade_to_what_is_written(home: Home, add: Add) -> None:
    add("ground.0.9")
    done(home, "install", "ground.1", "hut")
    with pytest.raises(NoSolution) as caught:
        make(home, "upgrade", "ground>=2")
    assert 'ground >= "2" was asked for' in caught.value.chain
    with pytest.raises(UsageError, match="ground 1 is installed, and an upgrade takes nothing older") as refused:
        make(home, "upgrade", "ground=0.9")
    assert refused.value.hint == "xpkg install ground.0.9 goes back to it"
    with pytest.raises(UnknownPackage, match="no version of ground is = 7"):
        make(home, "upgrade", "ground.7")
    assert make(home, "upgrade", "ground<2").actions == ()


def test_a_pin_that_stands_in_the_way_is_named(home: Home) -> None:
    done(home, "install", "hut")
    switch = home.find_switch()
    pin(home, switch, read_wish(["ground", "2"], Path()), silent)
    with pytest.raises(NoSolution) as caught:
        make(home, "upgrade", "ground")
    assert caught.value.hint == "without the pin of ground to 2 it could be done, with ground 1"
    removal = make(home, "install", "house").actions[0]
    assert (removal.action, removal.name, removal.reason) == ("remove", "hut", "cannot stay: ground is pinned to 2")


def test_what_is_wanted_for_more_says_so(home: Home) -> None:
    done(home, "install", "house")
    again = make(home, "install", "house", with_test=True, with_doc=True).actions[-1]
    assert (again.action, again.reason) == ("rebuild", "wanted with its tests and its documentation")


def test_tests_that_stand_in_the_way_are_named(home: Home, add: Add) -> None:
    add("impt.1", 'depends: ["nothing-so-called" {with-test} "plan" {with-doc}]')
    for options in ({"with_test": True}, {"with_test": True, "with_doc": True, "dependencies_only": True}):
        with pytest.raises(NoSolution) as caught:
            make(home, "install", "impt", **options)
        assert caught.value.chain[0] == "impt was asked for with its tests"
        assert (caught.value.hint or "").startswith("without --with-test it can be had")
    add("never.1", 'depends: ["nothing-so-called"]')
    known_anew(home)
    with pytest.raises(NoSolution) as caught:
        make(home, "install", "never", with_test=True)
    assert "--with-test" not in f"{caught.value.hint}"


def test_an_upgrade_wants_tests_only_of_what_was_asked_for(home: Home, add: Add) -> None:
    add("ground.2", 'depends: ["plan" {with-test}]')
    done(home, "install", "house")
    assert make(home, "upgrade", "ground", with_test=True).actions == ()
    assert told(make(home, "upgrade", "house", with_test=True)) == ["install scaffold.1", "rebuild house.1"]
