"""Overlays: changes of single fields of recipes, kept beside the recipes of any repository with their reasons.

``overlays/<name>.opam`` of a repository says what to change, ``docs/overlays.md`` how.  Only packages that have an
overlay pay for this: nothing here is imported for others.
"""
