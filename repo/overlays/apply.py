"""From overlays and a recipe's file to the recipe that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xpkg.core.digests import of_file
from xpkg.core.files import disk_errors
from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Field
from xpkg.repo.overlays import rewrite
from xpkg.repo.overlays.values import AppliedOverlay, Overlay
from xpkg.repo.recipe_reader import Change, Files


def change_by(overlays: Sequence[Overlay]) -> Change:
    """What the reader of a recipe applies first; the last overlay has the last word.

    InputFileError when an overlay brings a file that the recipe has with other content, or names a patch that
    neither of them has.
    """

    def change(file: OpamFile, files: Files) -> tuple[OpamFile, Files, tuple[AppliedOverlay, ...]]:
        merged = dict(files)
        for overlay in overlays:
            file = apply_overlay(overlay, file)
            _merge(overlay, merged)
        for overlay in overlays:
            _check_patches(overlay, file, merged)
        origins = dict.fromkeys(overlay.repository for overlay in overlays)
        file = replace(file, filename=f"{file.filename} (with overlays of {', '.join(origins)})")
        return file, tuple(sorted(merged.items())), tuple(overlay.applied() for overlay in overlays)

    return change


def apply_overlay(overlay: Overlay, file: OpamFile) -> OpamFile:
    """The file as the overlay wants it: fields dropped, items removed, fields set, items added."""
    for name in overlay.unset:
        file = rewrite.drop(file, name)
    for name, items in overlay.remove.items():
        take_out = rewrite.drop_sections if name == "extra-source" else rewrite.take_out
        file = take_out(file, name, items)
    text = overlay.file.text
    for item in overlay.set:
        file = rewrite.put(file, item, text)
    for item in overlay.add:
        if isinstance(item, Field):
            file = rewrite.append(file, item.name, rewrite.items_of(overlay.file, item.name, item.value))
        else:
            file = rewrite.put(file, item, text)
    return file


def _merge(overlay: Overlay, files: dict[str, Path]) -> None:
    for name, path in overlay.files:
        there = files.setdefault(name, path)
        with disk_errors("read the files of a recipe", path):
            if there != path and of_file(there) != of_file(path):
                raise overlay.file.error(
                    f"{name} is already among the recipe's files, with other content",
                    overlay.section,
                    hint="give the overlay's file another name",
                )


def _check_patches(overlay: Overlay, file: OpamFile, files: dict[str, Path]) -> None:
    fetched = {section.name for section in file.sections("extra-source")}
    for patch in overlay.own_patches:
        if patch.value not in files and patch.value not in fetched:
            raise overlay.file.error(
                f"the patch {patch.value} is neither in overlays/{overlay.package} nor among the recipe's files", patch
            )
