"""The opam 2.0 file format: text to values with positions and back, losslessly.

Grammar: opam-file-format's ``opamBaseParser.mly`` and ``opamLexer.mll``.
"""
