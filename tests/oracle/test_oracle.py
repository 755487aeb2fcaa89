"""A run that is to prove something must not skip all of it."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.proof import must_prove


def test_opam_is_installed_where_it_must_be() -> None:
    """The other tests here skip without opam; where ``CI`` is set, that is a failure."""
    if not must_prove(os.environ):
        pytest.skip("only where CI is set")
    program = os.environ.get("XPKG_TEST_OPAM") or shutil.which("opam")
    assert program is not None, "install opam: .ci/setup tests"
