"""How machines are called where only their names matter."""

BUILD = "build"
"""The build machine in plans, and the tree of its packages in a switch; its definition is the target ``native``."""
NATIVE = "native"
TOOLS_SUFFIX = "-tools"
"""A switch keeps a target's build-machine packages in a tree of the target's name with this behind it."""
