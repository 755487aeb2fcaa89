"""``python -m xpkg``: the same as the ``xpkg`` command."""

from xpkg.cli.main import main

main()
