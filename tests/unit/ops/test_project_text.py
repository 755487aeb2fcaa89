from __future__ import annotations

import pytest

from xpkg.ops.project_dune import DunePackage, NotDune, read_dune_project
from xpkg.ops.project_text import (
    Facts,
    autoconf_facts,
    cmake_facts,
    configure_facts,
    makefile_facts,
    makefile_has,
    meson_facts,
)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("project('a', 'c')", Facts(name="a")),
        ("project('a', 'c')\nadd_languages('cpp', native: false)", Facts(name="a", cxx=True)),
        (
            "# project('no')\nproject('a', ['c', 'cpp'],\n  version : '1.2' ,\n)",
            Facts(name="a", version="1.2", cxx=True),
        ),
        ("project('a', version: run_command('git').stdout())\n", Facts(name="a")),
        ("project('a(b)', meson_version: '>= 1.0', version: '2')", Facts(name="a(b)", version="2")),
        ("executable('a', 'a.c')", Facts()),
        ("subproject('x')\nx = myproject('y')", Facts()),
        (
            "project('a')\nd = dependency('zlib')\ndependency('threads')\ndependency( 'zlib')",
            Facts(name="a", needs=("zlib",)),
        ),
        ("project('a'", Facts()),
        ("project('a', 'c', license: 'C#-style', version: '1')", Facts(name="a", version="1")),
        ("project('it\\'s', 'c', version: '1')", Facts(name="it's", version="1")),
        ("project('''it's # (''', 'c')", Facts(name="it's # (")),
        ("# it's\nproject('a', license: '') # 'cpp')\n", Facts(name="a")),
        ("message('project(\\'no\\')')\nproject('a', license: ['cpp-ish'])", Facts(name="a")),
        ("x = '# project(' \nproject('a', default_options: ['version=9'], meson_version: '>=1')", Facts(name="a")),
        ("project('a', version: run_command('x', version: '9'))", Facts(name="a")),
        ("project('a', version: '1.' + minor)", Facts(name="a")),
        ("project('a', version: f'1.@minor@')\ndependency(f'x@y@')\ndependency('x' + y)", Facts(name="a")),
        ("project('a', version: ['1', '2'])\ny = 'never closed", Facts(name="a", version="1")),
    ],
)
def test_meson(text: str, facts: Facts) -> None:
    assert meson_facts(text) == facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("project(a)", Facts(name="a", cxx=None)),
        ("project(a C)", Facts(name="a")),
        ("project(a C)\nenable_language(CXX)", Facts(name="a", cxx=True)),
        ("PROJECT( a VERSION 1.2.3 LANGUAGES C CXX )", Facts(name="a", version="1.2.3", cxx=True)),
        (
            'set(MAJOR 1)\nset(V "${MAJOR}.4")\nset(W 2.5)\nproject(a VERSION ${W})',
            Facts(name="a", version="2.5", cxx=None),
        ),
        ("project(a VERSION ${UNKNOWN} LANGUAGES NONE)", Facts(name="a")),
        ("project(${NAME} VERSION 1)", Facts(version="1", cxx=None)),
        ('project("quoted" VERSION 1 DESCRIPTION "has (parentheses)")', Facts(name="quoted", version="1", cxx=None)),
        ("add_library(x x.c)", Facts(cxx=None)),
        ("#[[ project(old VERSION 0.1) ]] project(a VERSION 2 LANGUAGES C)", Facts(name="a", version="2")),
        ("#[==[ ]] project(old)\n]==]\nproject(a C)\n#[[ never closed\nenable_language(CXX)", Facts(name="a")),
        ('project(a VERSION 2 DESCRIPTION "C# like" LANGUAGES C)', Facts(name="a", version="2")),
        ('project(a DESCRIPTION "has VERSION 3 (and \\"CXX\\")" LANGUAGES C)', Facts(name="a")),
        ('message("\nproject(no)\n")\nproject(a DESCRIPTION [=[C ]] CXX # VERSION 1]=] LANGUAGES C)', Facts(name="a")),
        ("project(a C) # enable_language(CXX)\n# find_package(ZLIB)", Facts(name="a")),
        ("project(a VERSION ${V} LANGUAGES C)\nset(V 3)", Facts(name="a")),
        ("x([[ project(no)\nproject(a)", Facts(cxx=None)),
        ("my_project(a)\nif(project (b))\nendif()", Facts(cxx=None)),
        ("find_package(ZLIB REQUIRED)\nfind_package(Threads)\nproject(a)", Facts(name="a", needs=("ZLIB",), cxx=None)),
    ],
)
def test_cmake(text: str, facts: Facts) -> None:
    assert cmake_facts(text) == facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("AC_INIT([a], [1.0], [mail@example.org])", Facts(name="a", version="1.0")),
        ("AC_INIT(GNU a, 1.0, mail, a-tar)", Facts(name="a-tar", version="1.0")),
        ("AC_INIT([a],\n  m4_esyscmd([git describe]))", Facts(name="a")),
        ("dnl AC_INIT([no],[0])\nAC_INIT([a],[2])", Facts(name="a", version="2")),
        ("AC_INIT([a],[2])\nPKG_CHECK_MODULES([Z], [zlib >= 1])", Facts(name="a", version="2", needs=("zlib",))),
        ("AC_PREREQ(2.69)\nAC_PROG_CXX", Facts(cxx=True)),
    ],
)
def test_autoconf(text: str, facts: Facts) -> None:
    assert autoconf_facts(text) == facts


def test_a_finished_configure() -> None:
    text = "PACKAGE_NAME='GNU a'\nPACKAGE_TARNAME='a'\nPACKAGE_VERSION='7.1'\n"
    assert configure_facts(text) == Facts(name="GNU a", version="7.1")
    assert configure_facts("#!/bin/sh\n") == Facts()


def test_a_makefile() -> None:
    assert makefile_facts("x: x.cpp\n\t$(CXX) -o $@ $<\n").cxx
    assert not makefile_facts("# $(CXX)\nx: x.c\n").cxx
    assert makefile_has("all: x\ninstall : all\n", "install")
    assert makefile_has("check test: all\n", "test")
    assert not makefile_has("install := no\ninstall ::= no\nx = install: y\n\tinstall: x\n# install: z\n", "install")


@pytest.mark.parametrize(
    ("text", "rule"), [("check:\ntest:\n", "test"), ("check: all\n", "check"), ("all:\n\t./test: x\n", None)]
)
def test_the_tests_of_a_makefile(text: str, rule: str | None) -> None:
    assert makefile_facts(text).test_rule == rule


def test_dune_packages() -> None:
    project = read_dune_project(
        """(lang dune 3.4) ; a comment
        (name tops)
        (version "1.0")
        (package (name a) (synopsis "An \\"a\\"")
         (depends ocaml (dune (>= 3.4)) (lwt (and (>= 5) (< 6) :with-test)) (b (= :version))
          (c (or :with-doc :dev)) (d (and (or :build :post) (>= 1))) (win (<> :os win32)) (e (not :build)) "f"))
        (package (name b))
        (package (synopsis "nameless"))"""
    )
    assert (project.lang, project.name, project.version) == ("3.4", "tops", "1.0")
    assert project.packages == (
        DunePackage(
            name="a",
            synopsis='An "a"',
            depends=(
                '"ocaml"',
                '"dune" {>= "3.4"}',
                '"lwt" {>= "5" & < "6" & with-test}',
                '"b" {= version}',
                '"c" {with-doc | dev}',
                '"d" {(build | post) & >= "1"}',
                '"win" {os != "win32"}',
                '"e" {!(build)}',
                '"f"',
            ),
        ),
        DunePackage(name="b"),
    )


def test_dune_packages_that_may_be_there_and_that_may_not() -> None:
    project = read_dune_project(
        "(lang dune 3.0)(package (name a) (depopts b (c (and (>= 2) (< :version)))) (conflicts (d (< 1.5)) e))"
    )
    assert project.packages == (
        DunePackage(name="a", depopts=('"b"', '"c" {>= "2" & < version}'), conflicts=('"d" {< "1.5"}', '"e"')),
    )


def test_strings_and_comments_of_dune() -> None:
    project = read_dune_project(
        """(lang dune 3.0) ; (package (name no)) "
        (name "; no comment") (version "1\\"")
        (package (name a) (synopsis "\\> a "quoted" (one
        ) (depends |#))
        (package (name b) (synopsis "two\\nlines"))"""
    )
    assert (project.name, project.version) == ("; no comment", '1"')
    assert project.packages == (
        DunePackage(name="a", synopsis='a "quoted" (one'),
        DunePackage(name="b", synopsis="two\nlines"),
    )


def test_what_is_no_variable_is_no_part_of_a_condition() -> None:
    project = read_dune_project('(lang dune 3.0)(package (name a) (depends (b ":dev} \\"c") (d (= ":x\\" | y"))))')
    assert project.packages[0].depends == ('"b"', '"d" {= ":x\\" | y"}')


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("(lang dune 3.0)\n(package (name x)", 33),
        ("(lang dune 3.0))", 15),
        ('(lang dune 3.0)\n(name "x', 22),
        ("(name x)", 0),
        ("", 0),
        ("(lang dune 3.0)" + "(" * 200, 114),
        ('(lang dune "3.0\\"} \\"other")', 0),
        ("(lang dune next)", 0),
        ("(lang dune 3.0)\n#| (package (name old)) |#\n(package (name new))", 16),
        ("(lang dune 3.0)(package (name a) #| (depends b) |#)", 33),
        ("(lang dune 3.0) #;(package (name old))", 16),
        ('(lang dune 3.0) "(package (name old))"', 16),
    ],
)
def test_no_dune_project(text: str, offset: int) -> None:
    with pytest.raises(NotDune) as error:
        read_dune_project(text)
    assert error.value.offset == offset
