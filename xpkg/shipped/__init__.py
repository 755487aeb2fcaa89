"""The recipes and targets that travel with xpkg, as data.

In a clone these are links to the top-level folders; in an installed xpkg they are copies.
"""

from pathlib import Path

PACKAGES: Path = Path(__file__).parent / "packages"
TARGETS: Path = Path(__file__).parent / "targets"
