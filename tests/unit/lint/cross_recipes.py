"""Recipes that hinder cross-building, each with the codes of xpkg's own checks that find something."""

from __future__ import annotations

from tests.unit.lint.recipes import MD5, SHA256, plus, put, source

_SH = '["sh" "-c" "{}"]'

RECIPES: dict[str, tuple[str, str]] = {
    # Sources.
    "no hash": (plus(source("https://example.org/p.tar.gz")), "X10"),
    "no hash of an extra source": (plus('extra-source "a" { src: "https://example.org/a" }'), "X10"),
    "md5 alone": (plus(source("https://example.org/p.tar.gz", MD5)), "X11"),
    "md5 and better": (plus(source("https://example.org/p.tar.gz", MD5, SHA256)), ""),
    "git without commit": (plus(source("git+https://example.org/p")), "X12"),
    "git with a branch": (plus(source("git+https://example.org/p#main")), "X12"),
    "git with an abbreviated commit": (plus(source("git+https://example.org/p#1234567")), "X12"),
    "git with a commit": (plus(source(f"git+https://example.org/p#{'1' * 40}")), ""),
    "mercurial": (plus(source("hg+https://example.org/p#12")), "X13"),
    "rsync": (plus(source("rsync://example.org/p.tgz", SHA256)), "X13"),
    "ftp with a mirror": (
        plus(source("ftp://example.org/p.tgz", SHA256, more='  mirrors: "https://example.org/p.tgz"\n')),
        "",
    ),
    "Debian's archive": (plus(source("apt:p/p_1.orig.tar.gz", SHA256)), ""),
    "branch": (plus(source("https://example.org/a/p/archive/master.zip", SHA256)), "X14"),
    "branch by its reference": (plus(source("https://example.org/a/p/archive/refs/heads/1.x.tar.gz", SHA256)), "X14"),
    "branch of a tarball service": (plus(source("https://example.org/a/p/tarball/main", SHA256)), "X14"),
    "tag": (plus(source("https://example.org/a/p/archive/refs/tags/main-1.0.tar.gz", SHA256)), ""),
    "domain of that name": (plus(source("https://main.example.org/archive/p-main-1.tgz", SHA256)), ""),
    # Scripts.
    "prefix of the system": (put("build", '["./configure" "--prefix=/usr/local"]'), "X20"),
    "copy to the system": (put("install", '["cp" "a" "/usr/bin/a"]'), "X20"),
    "library of the system": (put("build", '["./configure" "LDFLAGS=-L/opt/lib -lm"]'), "X20"),
    "shell of the system": (put("build", '["/bin/sh" "-c" "./a >/dev/null"]'), ""),
    "directory of some systems": (put("build", '["./configure" "X=/opt/x" {os = "macos"}]'), ""),
    "slashes of sed": (put("build", '["sed" "-i" "s|a|/usr/b|" "c"]'), ""),
    "below the prefix": (put("install", '["cp" "a" "%{prefix}%/usr/share/a"]'), ""),
    "conf package looks at the system": (put("build", '["test" "-d" "/usr/include"]') + "flags: conf\n", ""),
    "beside the prefix": (put("install", '["cp" "a" "%{lib}%/../../a"]'), "X21"),
    "not beside": (put("install", '["cp" "a" "%{lib}%/x/../a"]'), ""),
    "home": (put("install", _SH.format("cp a $HOME/.a")), "X22"),
    "home by its sign": (put("install", _SH.format("cp a ~/.a")), "X22"),
    "uname": (put("build", _SH.format("./build-`uname -m`")), "X30"),
    "uname as a program": (put("build", '["uname" "-a"]'), "X30"),
    "a word like uname": (put("build", '["./configure" "--with-uname" "hostname"]'), ""),
    "dumpmachine": (put("build", _SH.format("./b $(cc -dumpmachine)")), "X30"),
    "gcc": (put("build", '["gcc" "a.c"]'), "X31"),
    "gcc by its path": (put("build", '["/usr/bin/gcc" "a.c"]'), "X20 X31"),
    "ocamlopt": (put("build", '["ocamlopt" "a.ml"]'), "X31"),
    "gcc for a variable": (put("build", '[make "CC=gcc"]'), "X31"),
    "gcc on some systems": (put("build", '[make "CC=gcc" {os = "openbsd"}]'), ""),
    "ocamlfind": (put("build", '["ocamlfind" "ocamlopt" "a.ml"]'), ""),
    "native": (put("build", '[make "CFLAGS=-O2 -march=native"]'), "X32"),
    "triple": (put("build", '["./configure" "--host=x86_64-pc-linux-gnu"]'), "X33"),
    "triple on some machines": (put("build", '["./configure" "--host=x86_64-linux-gnu" {arch = "x86_64"}]'), ""),
    "compiler of the system": (plus('available: sys-ocaml-arch = "x86_64"'), "X34"),
    "compiler of the system in a filter": (put("build", '["a" {sys-ocaml-libc = "msvc"}]'), "X34"),
    "clone": (put("build", '["git" "clone" "https://example.org"]'), "X35"),
    "download in a shell": (put("build", _SH.format("cd a && curl -O https://example.org")), "X35"),
    "opam": (put("build", '["opam" "install" "a"]'), "X35"),
    "directory called opam": (put("build", '["cp" "opam" "curl" "wget"]'), ""),
    # What only the reader refuses.
    "another name": (plus('name: "other"'), "X01"),
    "path that leaves the source": (plus('substs: ["../a"]'), "X01"),
    "unknown field": (plus('frobnicate: "x"'), ""),
}
