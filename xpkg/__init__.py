"""xpkg: a package manager that cross-builds OCaml and C packages.

The import root.  Rooms, from the bottom up: ``core``, ``repo``, ``solver`` and ``sandbox``
(side by side), ``ops``, ``cli``; a room imports only from rooms below it.
"""

__version__ = "0.1.0"
