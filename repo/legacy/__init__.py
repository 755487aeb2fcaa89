"""Recipes of opam's 1.x formats ("1" to "1.2") as recipes of format 2.0, in memory.

What changes and how is opam's own upgrade (``OpamFormatUpgrade.opam_file_from_1_2_to_2_0``, and the treatment of old
fields in ``OpamFile.OPAM``), written as rules over the values of a file, so that an error still shows the place in the
file as it was.

``compilers/`` of a 1.x repository is not read: its descriptions give no hashes, which opam's upgrade gets by
downloading every compiler, and the packages of compilers are in the repositories of format 2.0.

Imports the format and names of ``repo``, nothing else.
"""
