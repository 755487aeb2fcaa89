"""A run that is to prove something must not skip all of it."""

from __future__ import annotations

import os
import shutil

import pytest


def test_opam_is_installed_where_it_must_be() -> None:
    """The other tests here skip without opam; where ``CI`` is set, that is a failure."""
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip("only where CI is set")
    program = os.environ.get("XPKG_TEST_OPAM") or shutil.which("opam")
    assert program is not None, "install opam: .ci/setup tests"
