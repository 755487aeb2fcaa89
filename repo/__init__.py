"""Recipes as values: the opam file format, versions, formulas, filters, repositories, targets, sources.

May import from ``core`` only.
"""
