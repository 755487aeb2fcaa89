"""The index of a repository: what solving and asking need of every version, without reading the recipes.

A cache of this machine's own, keyed by its format and the interpreter's version; never taken from anywhere else.
"""
