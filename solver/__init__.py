"""Which instances, on which machine: a request and a universe give a solution or an explanation.

Pure: no input or output.  May import from ``repo`` (values) and ``core``.
"""
