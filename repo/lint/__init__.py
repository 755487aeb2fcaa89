"""Checks of a recipe beyond its grammar: opam's by opam's numbers, and xpkg's own for cross-building.

A check is a pure function from what is known of one recipe (`subject`) to places that break its rule.  `registry` lists
them, `reading` makes findings of a file.  May import what the room may, and of the room the format and the values.
"""
