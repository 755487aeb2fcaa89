"""The probe tells before any build what this machine does not allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import ConfigurationError
from xpkg.sandbox.isolation import Bubblewrap


def test_a_container_that_masks_proc_is_told_before_building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bubblewrap says it so when parts of /proc are masked (mount_too_revealing in the kernel's fs/namespace.c)."""
    fake = tmp_path / "bwrap"
    fake.write_text(
        '#!/bin/sh\ncase " $* " in *" --proc "*) echo "bwrap: Can\'t mount proc on /newroot/proc" >&2; exit 1;; esac\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ConfigurationError) as caught:
        Bubblewrap().check()
    assert caught.value.reference == "no-user-namespaces"
    assert "Can't mount proc" in dict(caught.value.context)["answer"]
    assert "systempaths=unconfined" in (caught.value.hint or "")
