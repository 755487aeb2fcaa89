"""What a user asks for: install, remove, switch, update, run.  Composes the rooms below.

May import from ``core``, ``repo``, ``solver`` and ``sandbox``; never prints.
"""
