"""A project of dune that does what is hard when it is built for another machine, with recipes like anybody's.

``dune/toy`` has its generators run in every way dune knows; one of them is linked with a library that no target has.
XPKG_TEST_ROOT names a state directory to use again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.command_line import Xpkg

# The compilers may have to be built first.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system"), pytest.mark.timeout(7200)]

TOY = Path(__file__).parent / "dune" / "toy"
SAYS = """\
generated: run exe bin name dep shell script
probed: {macro} 8 {architecture}
values: {architecture} {architecture} linux Unix 64 .a
rewritten: 42 42 42
stubs: 42
choice: unix
virtual: target
calc: 42
"""
TARGETS = {
    "linux-aarch64": {"macro": "__aarch64__", "architecture": "arm64"},
    "linux-x86_64-musl": {"macro": "__x86_64__", "architecture": "amd64"},
}


@pytest.fixture(scope="module", params=sorted(TARGETS))
def installed(
    request: pytest.FixtureRequest, state_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Xpkg, Path]:
    """A switch of the target's own, and the prefix both packages of the project were installed into."""
    target: str = request.param
    made = Xpkg(root=state_root, directory=tmp_path_factory.mktemp("dune"), switch=f"dune-test-{target}", target=target)
    made.create_switch()
    made.ok("pin", "add", str(TOY), "--switch", made.switch)
    return made, made.install("toy", "toy-extra")


def test_what_was_generated_probed_and_chosen_is_the_targets(installed: tuple[Xpkg, Path]) -> None:
    xpkg, prefix = installed
    machine = TARGETS[xpkg.target]
    assert xpkg.says(str(prefix / "bin/toy")) == SAYS.format(**machine)
    assert xpkg.says(str(prefix / "bin/toy-extra")) == f"vendored {machine['architecture']}\n"


def test_files_are_where_the_targets_are(installed: tuple[Xpkg, Path]) -> None:
    prefix = installed[1]
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    wanted = ("bin/toy-gen", "lib/toy/META", "lib/toy/copy", "lib/toy/stubs/libthird.a", "lib/toy-extra/META")
    assert [name for name in wanted if name not in files] == []
    assert [name for name in files if "sysroot" in name or "never" in name] == []


def test_what_is_no_program_of_a_rule_stays_the_targets(installed: tuple[Xpkg, Path]) -> None:
    # The rule only names the program; it runs nothing.
    assert (installed[1] / "share/toy/described").read_text("utf-8") == "main.exe\n"
