"""Failures of sources that are for other compilers or build systems than today's: no matter of the two machines."""

from __future__ import annotations

import re

from xpkg.sandbox.diagnosis import Recogniser, Sign

SIGNS = (
    # Standard library of OCaml 5.0, "Changes": removed since deprecated.
    Sign(
        pattern=re.compile(
            r"Unbound (?:value|module|constructor|type constructor) (?P<name>"
            r"(?:String|Bytes|Char)\.(?:lowercase|uppercase|capitalize|uncapitalize|set|create|unsafe_set)|"
            r"Pervasives|Stream|Genlex|Thread\.kill|Printexc\.catch|Array\.create)\b"
        ),
        kind="older-ocaml",
        cause="its source is for an older OCaml: {name} is gone since OCaml 5",
        hint="another version of {package}, or an older compiler: xpkg install {package} 'ocaml<5'",
    ),
    Sign(
        pattern=re.compile(
            r"error: call to undeclared (?:library )?function '(?P<name>[^']+)'.*do not support implicit"
        ),
        kind="older-c",
        cause="its source calls {name} without a declaration, as C allowed before C99",
        hint="CFLAGS with -Wno-error=implicit-function-declaration in its recipe or an overlay",
    ),
    Sign(
        pattern=re.compile(r"error: .*\[-Werror,(?P<name>-W[\w+=-]+)\]"),
        kind="warning-is-error",
        cause="its own flags make an error of a warning that this C compiler gives: {name}",
        hint="an option of the project may turn -Werror off, else CFLAGS with -Wno-error in its recipe or an overlay",
    ),
    Sign(
        pattern=re.compile(r"unsupported argument 'native' to option '(?P<name>-m(?:arch|cpu|tune)=)'"),
        kind="processor-of-the-builder",
        cause="it is compiled for the processor that compiles it, by {name}native, which a target has not",
        hint="an option of the project, or its flags for the compiler given by the recipe, may leave that out",
    ),
    Sign(
        pattern=re.compile(r"Compatibility with CMake < (?P<version>[0-9.]+) has been removed"),
        kind="older-cmake",
        cause="its CMake files are for a CMake older than {version}",
        hint="-DCMAKE_POLICY_VERSION_MINIMUM={version} in its recipe or an overlay",
    ),
)

RECOGNISERS: tuple[Recogniser, ...] = tuple(sign.recognise for sign in SIGNS)
